import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Authority, openAuthority } from "../../../coordinator/identity/authority.js";
import { holderOf } from "../../../coordinator/identity/holder.js";
import { createOperatorDesk, type OperatorDesk, type OperatorWish } from "../../../coordinator/identity/operators.js";
import { openRegistry } from "../../../coordinator/identity/registry.js";
import { createKeyPair, createRequest } from "../../../shared/identity/x509.js";

const DAY_MS = 86_400_000;

let data: string;
let nowMs: number;
let authority: Authority;
let desk: OperatorDesk;
let changed: string[];

/** As after a restart of the coordinator: everything is read again. */
async function open(): Promise<void> {
  authority = await openAuthority(data, () => nowMs);
  desk = createOperatorDesk({ registry: openRegistry(data), authority, nowMs: () => nowMs });
  desk.onChange((name) => changed.push(name));
}

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "parallax-operators-"));
  nowMs = Date.UTC(2026, 5, 1);
  changed = [];
  await open();
});
afterEach(() => rmSync(data, { recursive: true }));

async function wish(name: string, more: Partial<OperatorWish> = {}): Promise<OperatorWish> {
  // The request names somebody else: it is not believed.
  const certificateRequest = await createRequest(await createKeyPair(), { unit: "coordinator", name: "root" });
  return { name, role: "operator", lifetimeMs: 90 * DAY_MS, certificateRequest, by: "operator.token", ...more };
}

const holder = (certificate: string) => holderOf(new X509Certificate(certificate).raw);

describe("an operator", () => {
  test("gets a certificate for clients in its name, as an operator's, whatever its request says", async () => {
    const { certificate, record } = await desk.add(await wish("ann", { role: "reader" }));
    const read = new X509Certificate(certificate);
    expect(read.subject).toBe("OU=operator\nCN=ann");
    // RFC 5280 section 4.2.1.12: id-kp-clientAuth, and no other.
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(read.ca).toBe(false);
    expect(Date.parse(read.validTo)).toBe(nowMs + 90 * DAY_MS);
    expect(desk.admit(holder(certificate))).toEqual(record);
    expect(record).toMatchObject({ role: "reader", createdBy: "operator.token", revokedMs: null });
  });

  test("has a name of its own while its certificate holds, also where two want it at once", async () => {
    const both = await Promise.allSettled([desk.add(await wish("ann")), desk.add(await wish("ann"))]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(desk.add(await wish("ann"))).rejects.toThrow("there is an operator ann already");
    nowMs += 90 * DAY_MS;
    await desk.add(await wish("ann"));
  });

  test("is let in until its certificate's end, and not with an older one", async () => {
    const { certificate: first } = await desk.add(await wish("ann", { lifetimeMs: DAY_MS }));
    nowMs += DAY_MS - 1;
    expect(desk.admit(holder(first)).name).toBe("ann");
    nowMs += 1;
    expect(() => desk.admit(holder(first))).toThrow(/certificate of operator ann expired at 2026-06-02/);
    const { certificate: second } = await desk.add(await wish("ann"));
    expect(() => desk.admit(holder(first))).toThrow(/is not the one in force/);
    expect(desk.admit(holder(second)).name).toBe("ann");
  });

  test("that is revoked is told to whoever listens, and stays so over restarts", async () => {
    const { certificate } = await desk.add(await wish("ann"));
    desk.revoke("ann");
    expect(changed).toEqual(["ann"]);
    const { revokedMs } = desk.revoke("ann");
    nowMs += 1_000;
    expect(desk.revoke("ann").revokedMs).toBe(revokedMs);
    await open();
    expect(() => desk.admit(holder(certificate))).toThrow(/operator ann was revoked at 2026-06-01/);
    expect(() => desk.revoke("bob")).toThrow("there is no operator bob");
  });

  test("is nobody else: no agent, no coordinator, nobody of another registry", async () => {
    const { publicKey } = await createKeyPair();
    await desk.add(await wish("ann"));
    for (const kind of ["agent", "coordinator"] as const) {
      const certificate = await authority.issueClient(kind, "ann", publicKey, nowMs + DAY_MS);
      expect(() => desk.admit(holder(certificate))).toThrow(
        `the certificate is that of ${kind} ann, not an operator's`,
      );
    }
    const unknown = await authority.issueClient("operator", "bob", publicKey, nowMs + DAY_MS);
    expect(() => desk.admit(holder(unknown))).toThrow("there is no operator bob here");
  });

  test.each([
    ["a name that is none", { name: "../ann" }, /operator "..\/ann" is no name/],
    ["a request that is none", { certificateRequest: Buffer.from("hello") }, /certificate request is damaged/],
  ])("is not made of %s", async (_, more, words) => {
    await expect(desk.add(await wish("ann", more))).rejects.toThrow(words);
    expect(desk.list()).toEqual([]);
  });
});
