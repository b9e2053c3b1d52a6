import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { nkeys } from "@nats-io/transport-node";
import { type Authority, initAuthority, openAuthority } from "../../../coordinator/identity/authority.js";
import { openBrokerSigner } from "../../../coordinator/identity/broker-accounts.js";
import { createIdentityDesk, type EnrolmentWish, type IdentityDesk } from "../../../coordinator/identity/desk.js";
import type { Terms } from "../../../coordinator/identity/records.js";
import { openRegistry, type Registry } from "../../../coordinator/identity/registry.js";
import { createTokenDesk, type TokenDesk } from "../../../coordinator/identity/tokens.js";
import { parseToken } from "../../../shared/identity/token.js";
import { createKeyPair, createRequest, publicKeyHash } from "../../../shared/identity/x509.js";

const DAY_MS = 86_400_000;
const FROM = "192.0.2.7";
const NO_TERMS: Terms = { name: null, vantage: null, labels: {}, maxPps: null, sourcePrefix: null };

let data: string;
let nowMs: number;
let authority: Authority;
let registry: Registry;
let desk: IdentityDesk;
let tokens: TokenDesk;
let changed: string[];

/** As after a restart of the coordinator: everything is read again. */
async function open(): Promise<void> {
  authority = await openAuthority(data, () => nowMs);
  registry = openRegistry(data);
  const broker = openBrokerSigner(data);
  desk = createIdentityDesk({ registry, authority, broker, nowMs: () => nowMs, certificateLifetimeMs: 7 * DAY_MS });
  desk.onChange((name) => changed.push(name));
  tokens = createTokenDesk(registry, { address: "c:7444", fingerprint: authority.fingerprint }, () => nowMs);
}

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "parallax-desk-"));
  nowMs = Date.UTC(2026, 5, 1);
  changed = [];
  await open();
});
afterEach(() => rmSync(data, { recursive: true }));

function token(terms: Partial<Terms> = {}, uses = 1): Pick<EnrolmentWish, "token" | "secret"> {
  const made = tokens.create({ uses, lifetimeMs: DAY_MS, terms: { ...NO_TERMS, ...terms } });
  const { id, secret } = parseToken(made.token);
  return { token: id, secret };
}

/** A machine with keys of its own. */
async function machine() {
  const keys = await createKeyPair();
  const brokerKey = nkeys.createUser().getPublicKey();
  const certificateRequest = await createRequest(keys, { unit: "agent", name: "whatever" });
  const keyHash = await publicKeyHash(keys.publicKey);
  return {
    keyHash,
    wish: (shown: Pick<EnrolmentWish, "token" | "secret">, more: Partial<EnrolmentWish> = {}): EnrolmentWish => ({
      ...{ ...shown, certificateRequest, brokerKey, clockMs: nowMs, name: "fra-1", vantage: "fra", hostName: "" },
      ...more,
    }),
    peer: (name: string, address = FROM) => ({ kind: "agent", name, keyHash, address }),
  };
}

describe("enrolment", () => {
  test("gives a certificate in the agent's name, signed by the authority, for the machine's own key", async () => {
    const { wish, keyHash } = await machine();
    const { certificate, record } = await desk.enroll(wish(token()), FROM);
    const read = new X509Certificate(certificate);
    expect(read.subject).toBe("OU=agent\nCN=fra-1");
    expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(Date.parse(read.validTo)).toBe(nowMs + 7 * DAY_MS);
    expect(read.ca).toBe(false);
    expect(record).toMatchObject({ name: "fra-1", vantage: "fra", keyHash });
  });

  test("takes each use of a token once, however many come at the same time", async () => {
    const shown = token({}, 3);
    const machines = await Promise.all(Array.from({ length: 10 }, machine));
    const outcomes = await Promise.allSettled(
      machines.map(({ wish }, i) => desk.enroll(wish(shown, { name: `fra-${i}` }), FROM)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    await open();
    expect(registry.token(shown.token)?.used).toHaveLength(3);
    await expect(desk.enroll((await machine()).wish(shown, { name: "late" }), FROM)).rejects.toThrow(
      /is used up \(3 of 3, last by agent .*\); make a new one/,
    );
  });

  test("answers the same machine again, and uses nothing up for it", async () => {
    const shown = token();
    const { wish } = await machine();
    await desk.enroll(wish(shown), FROM);
    await expect(desk.enroll(wish(shown), FROM)).resolves.toMatchObject({ record: { name: "fra-1" } });
    expect(registry.token(shown.token)?.used).toHaveLength(1);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "a token that has expired",
      async () => {
        const shown = token();
        nowMs += DAY_MS;
        return desk.enroll((await machine()).wish(shown), FROM);
      },
      /expired at 2026-06-02T00:00:00.000Z; make a new one/,
    ],
    [
      "a token that was revoked",
      async () => {
        const shown = token();
        tokens.revoke(shown.token);
        return desk.enroll((await machine()).wish(shown), FROM);
      },
      /was revoked at/,
    ],
    [
      "a token of another coordinator",
      async () => desk.enroll((await machine()).wish({ token: "feed", secret: "x" }), FROM),
      /this coordinator did not make the enrolment token; make one here/,
    ],
    [
      "a right number with a wrong secret",
      async () => desk.enroll((await machine()).wish({ ...token(), secret: "x".repeat(43) }), FROM),
      /this coordinator did not make the enrolment token/,
    ],
    [
      "another name than the token's",
      async () => desk.enroll((await machine()).wish(token({ name: "sin-1" })), FROM),
      /is for agent sin-1, not fra-1; leave --name away/,
    ],
    [
      "an address outside of the token's prefix",
      async () => desk.enroll((await machine()).wish(token({ sourcePrefix: "198.51.100.0/24" })), FROM),
      /from 198.51.100.0\/24 only, not from 192.0.2.7/,
    ],
    [
      "a name that is none",
      async () => desk.enroll((await machine()).wish(token(), { name: "a.>" }), FROM),
      /is no name/,
    ],
    [
      "a clock that is a day behind",
      async () => desk.enroll((await machine()).wish(token(), { clockMs: nowMs - DAY_MS }), FROM),
      /clock is 86400 s behind the coordinator's; set both by NTP/,
    ],
    [
      "garbage for a certificate request",
      async () => desk.enroll((await machine()).wish(token(), { certificateRequest: Buffer.alloc(300, 0x30) }), FROM),
      /certificate request is damaged/,
    ],
    [
      "a certificate request that was changed on the way",
      async () => {
        const request = Buffer.from((await machine()).wish(token()).certificateRequest);
        request[request.length - 1] = (request.at(-1) ?? 0) ^ 1;
        return desk.enroll((await machine()).wish(token(), { certificateRequest: request }), FROM);
      },
      /certificate request is damaged, or not signed/,
    ],
    [
      "a broker's key that is none",
      async () => desk.enroll((await machine()).wish(token(), { brokerKey: "SUAAAA" }), FROM),
      /key for the broker is none/,
    ],
  ])("refuses %s", async (_, enroll, reason) => {
    await expect(enroll()).rejects.toThrow(reason);
    expect(registry.agents()).toEqual([]);
  });

  test("does not spend a token on a machine that is refused", async () => {
    const shown = token();
    await expect(desk.enroll((await machine()).wish(shown, { name: "no name" }), FROM)).rejects.toThrow();
    await expect(desk.enroll((await machine()).wish(shown), FROM)).resolves.toBeDefined();
  });

  test("gives a name to another machine only if the token says so, and tells whom it concerns", async () => {
    const first = await machine();
    await desk.enroll(first.wish(token()), FROM);
    const second = await machine();
    await expect(desk.enroll(second.wish(token()), FROM)).rejects.toThrow(/there is an agent fra-1 already/);
    await desk.enroll(second.wish(token({ name: "fra-1" }), { name: "" }), FROM);
    expect(changed).toEqual(["fra-1"]);
    expect(() => desk.admit(first.peer("fra-1"))).toThrow(/another machine has been enrolled as agent fra-1/);
    expect(desk.admit(second.peer("fra-1")).name).toBe("fra-1");
    expect(Object.keys(desk.voidBrokerKeys())).toEqual([first.wish(token()).brokerKey]);
  });

  test("keeps neither secrets nor keys where others can read them", async () => {
    const shown = token();
    await desk.enroll((await machine()).wish(shown), FROM);
    const folder = join(data, "identity");
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) expect(statSync(path).mode & 0o077).toBe(0);
      else {
        expect(statSync(path).mode & 0o777).toBe(0o600);
        expect(readFileSync(path, "utf8")).not.toContain(shown.secret);
      }
    }
  });
});

describe("an enrolled agent", () => {
  test("is known after a restart, until its certificate ends", async () => {
    const { wish, peer } = await machine();
    await desk.enroll(wish(token()), FROM);
    await open();
    expect(desk.admit(peer("fra-1")).vantage).toBe("fra");
    nowMs += 7 * DAY_MS;
    expect(() => desk.admit(peer("fra-1"))).toThrow(/certificate of agent fra-1 expired at 2026-06-08/);
    await expect(desk.renew(peer("fra-1"), wish({ token: "", secret: "" }))).rejects.toThrow(/expired/);
  });

  test("gets a new certificate for its key, and for no other", async () => {
    const { wish, peer } = await machine();
    await desk.enroll(wish(token()), FROM);
    nowMs += 5 * DAY_MS;
    const renewed = await desk.renew(peer("fra-1"), wish({ token: "", secret: "" }));
    expect(Date.parse(new X509Certificate(renewed.certificate).validTo)).toBe(nowMs + 7 * DAY_MS);
    const other = await machine();
    await expect(desk.renew(peer("fra-1"), other.wish({ token: "", secret: "" }))).rejects.toThrow(
      /for the key that it has/,
    );
  });

  test("that is revoked is refused from then on, also after a restart", async () => {
    const { wish, peer } = await machine();
    await desk.enroll(wish(token()), FROM);
    desk.revoke("fra-1");
    expect(changed).toEqual(["fra-1"]);
    await open();
    expect(() => desk.admit(peer("fra-1"))).toThrow(/agent fra-1 was revoked; to have it back/);
    await expect(desk.renew(peer("fra-1"), wish({ token: "", secret: "" }))).rejects.toThrow(/was revoked/);
    expect(desk.voidBrokerKeys()[wish(token()).brokerKey]).toBe(nowMs / 1_000 + 1);
    expect(desk.revoke("nobody")).toBeNull();
  });

  test("connects only from where it may, and nobody else's certificate is an agent's", async () => {
    const { wish, peer } = await machine();
    await desk.enroll(wish(token({ sourcePrefix: "192.0.2.0/28" })), FROM);
    expect(desk.admit(peer("fra-1")).maxPps).toBeNull();
    expect(() => desk.admit(peer("fra-1", "192.0.2.16"))).toThrow(/from 192.0.2.0\/28 only/);
    expect(() => desk.admit({ ...peer("fra-1"), kind: "operator" })).toThrow(/is no agent/);
    expect(() => desk.admit(peer("fra-2"))).toThrow(/fra-2 is no agent of this coordinator/);
  });
});

describe("an authority", () => {
  test("stays the same over restarts, and is not made twice", async () => {
    const before = authority.fingerprint;
    await open();
    expect(authority.fingerprint).toBe(before);
    await expect(initAuthority(data, nowMs)).rejects.toThrow(/ca.crt is there already/);
  });

  test("signs for servers by name and address", async () => {
    const { certificate } = await authority.issueServer(["c.example.net", "192.0.2.1", "2001:db8::1"]);
    const read = new X509Certificate(certificate);
    expect(read.checkHost("c.example.net")).toBe("c.example.net");
    expect(read.checkIP("192.0.2.1")).toBe("192.0.2.1");
    expect(read.checkIP("2001:db8::1")).toBe("2001:db8::1");
    expect(read.checkHost("d.example.net")).toBeUndefined();
  });
});
