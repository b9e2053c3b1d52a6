import { parseAddress } from "../../shared/address/address.js";
import { parsePrefix, prefixContains } from "../../shared/address/prefix.js";
import { DecodeError } from "../../shared/errors.js";
import { type PublicKey, publicKeyHash, requestedKey } from "../../shared/identity/x509.js";
import { isName } from "../../shared/lease/protocol.js";
import { type Authority, CLOCK_TOLERANCE_MS } from "./authority.js";
import type { BrokerSigner } from "./broker-accounts.js";
import type { Holder } from "./holder.js";
import type { AgentRecord, Terms, TokenRecord } from "./records.js";
import { IdentityRefused } from "./refused.js";
import type { Registry } from "./registry.js";
import { checkUsable, findToken } from "./tokens.js";

/** What an agent gets a certificate and a broker's JWT for. */
export interface CredentialWish {
  /** PKCS#10 in DER. */
  readonly certificateRequest: Uint8Array;
  /** Public nkey. */
  readonly brokerKey: string;
  /** Unix milliseconds by the agent's clock. */
  readonly clockMs: number;
}

export interface EnrolmentWish extends CredentialWish {
  readonly token: string;
  readonly secret: string;
  /** Empty where the token names them. */
  readonly name: string;
  readonly vantage: string;
  /** The machine's own name, taken where there is no other; may be empty. */
  readonly hostName: string;
}

export interface IssuedCredentials {
  readonly record: AgentRecord;
  /** PEM. */
  readonly certificate: string;
  readonly brokerJwt: string;
}

/** The holder of a client certificate, and the address that it connects from. */
export interface Peer extends Holder {
  readonly address: string;
}

/** Decides who is an agent. Everything rejects or throws with IdentityRefused. */
export interface IdentityDesk {
  enroll(wish: EnrolmentWish, address: string): Promise<IssuedCredentials>;
  renew(peer: Peer, wish: CredentialWish): Promise<IssuedCredentials>;
  /** The record of an agent that may hold a session now. */
  admit(peer: Peer): AgentRecord;
  /** Null when no agent has the name. */
  revoke(name: string): AgentRecord | null;
  /** Public keys at the broker that are void, each with the Unix second up to which. */
  voidBrokerKeys(): Record<string, number>;
  /** Called after an agent was revoked, or another machine took its name; what it is allowed has changed. */
  onChange(listener: (name: string) => void): void;
}

export interface IdentityDeskOptions {
  readonly registry: Registry;
  readonly authority: Authority;
  readonly broker: Pick<BrokerSigner, "agent">;
  readonly nowMs: () => number;
  /** How long certificates hold. */
  readonly certificateLifetimeMs: number;
}

/** An nkey of a user: 56 characters of base32. */
const USER_KEY = /^U[A-Z2-7]{55}$/;

export function createIdentityDesk(options: IdentityDeskOptions): IdentityDesk {
  const { registry, authority, broker, nowMs } = options;
  const listeners: ((name: string) => void)[] = [];
  const changed = (name: string) => {
    for (const listener of listeners) listener(name);
  };

  const issue = async (record: AgentRecord, key: PublicKey): Promise<IssuedCredentials> => ({
    record,
    certificate: await authority.issueClient("agent", record.name, key, record.expiresMs),
    brokerJwt: await broker.agent({
      name: record.name,
      vantage: record.vantage,
      key: record.brokerKey,
      untilMs: record.expiresMs,
    }),
  });

  const admit = (peer: Peer): AgentRecord => {
    const record = registry.agent(peer.name);
    if (peer.kind !== "agent" || record === null) {
      throw denied(`${peer.name} is no agent of this coordinator`, "enrol it with a token of `parallax enroll create`");
    }
    if (record.revokedMs !== null) {
      throw denied(
        `agent ${peer.name} was revoked`,
        `to have it back, enrol it with a token of \`parallax enroll create --name ${peer.name}\``,
      );
    }
    if (record.keyHash !== peer.keyHash) {
      throw denied(`another machine has been enrolled as agent ${peer.name}`, "enrol this one under another name");
    }
    if (nowMs() >= record.expiresMs) {
      throw denied(
        `the certificate of agent ${peer.name} expired at ${new Date(record.expiresMs).toISOString()}`,
        `enrol it again with a token of \`parallax enroll create --name ${peer.name}\``,
      );
    }
    checkSource(record.sourcePrefix, peer.address, `agent ${peer.name}`);
    return record;
  };

  return {
    admit,
    async enroll(wish, address) {
      const { key, keyHash } = await checkWish(wish, nowMs());
      // From here to `putAgent` nothing else runs: of two that come at once the second finds what the first wrote.
      const token = findToken(registry, wish.token, wish.secret);
      const { name, vantage } = namesOf(token.terms, wish);
      checkSource(token.terms.sourcePrefix, address, `enrolment token ${token.id}`);
      const former = registry.agent(name);
      const repeated = former?.token === token.id && former.keyHash === keyHash && former.revokedMs === null;
      // An answer that was lost on its way can be asked for again.
      if (!repeated) use(token, name, former, address);
      const record = newRecord({ token, name, vantage, keyHash, brokerKey: wish.brokerKey, former });
      registry.putAgent(record);
      if (former !== null && !repeated) changed(name);
      return issue(record, key);
    },
    async renew(peer, wish) {
      admit(peer);
      const { key, keyHash } = await checkWish(wish, nowMs());
      const record = admit(peer);
      if (keyHash !== record.keyHash) {
        throw new IdentityRefused(
          "invalid",
          "a certificate is renewed for the key that it has; enrol again to change it",
        );
      }
      const renewedMs = nowMs();
      const renewed = {
        ...record,
        ...brokerKeysOf(record, wish.brokerKey, renewedMs),
        renewedMs,
        expiresMs: renewedMs + options.certificateLifetimeMs,
      };
      registry.putAgent(renewed);
      return issue(renewed, key);
    },
    revoke(name) {
      const record = registry.agent(name);
      if (record === null) return null;
      const revoked = { ...record, revokedMs: record.revokedMs ?? nowMs() };
      registry.putAgent(revoked);
      changed(name);
      return revoked;
    },
    voidBrokerKeys() {
      const keys: Record<string, number> = {};
      for (const { brokerKey, formerBrokerKeys, revokedMs } of registry.agents()) {
        // A JWT of the same second as the revocation was made before it.
        if (revokedMs !== null) keys[brokerKey] = Math.floor(revokedMs / 1_000) + 1;
        for (const { key, atMs } of formerBrokerKeys) keys[key] = Math.floor(atMs / 1_000) + 1;
      }
      return keys;
    },
    onChange: (listener) => listeners.push(listener),
  };

  function use(token: TokenRecord, name: string, former: AgentRecord | null, from: string): void {
    checkUsable(token, nowMs());
    if (former !== null && token.terms.name !== name) {
      throw denied(
        `there is an agent ${name} already`,
        `choose another name with --name, or use a token of \`parallax enroll create --name ${name}\`, which puts this machine in its place`,
      );
    }
    registry.putToken({ ...token, used: [...token.used, { agent: name, atMs: nowMs(), from }] });
  }

  function newRecord(made: {
    token: TokenRecord;
    name: string;
    vantage: string;
    keyHash: string;
    brokerKey: string;
    former: AgentRecord | null;
  }): AgentRecord {
    const { token, former, brokerKey, ...names } = made;
    const { labels, maxPps, sourcePrefix } = token.terms;
    const enrolledMs = nowMs();
    return {
      ...names,
      labels,
      maxPps,
      sourcePrefix,
      ...(former === null ? { brokerKey, formerBrokerKeys: [] } : brokerKeysOf(former, brokerKey, enrolledMs)),
      token: token.id,
      enrolledMs,
      renewedMs: enrolledMs,
      expiresMs: enrolledMs + options.certificateLifetimeMs,
      revokedMs: null,
    };
  }

  /** Keys given up longer ago than any JWT holds need not be remembered. */
  function brokerKeysOf(record: AgentRecord, brokerKey: string, atMs: number) {
    const former = record.formerBrokerKeys.filter((old) => atMs - old.atMs < options.certificateLifetimeMs);
    if (record.brokerKey === brokerKey) return { brokerKey, formerBrokerKeys: former };
    return { brokerKey, formerBrokerKeys: [...former, { key: record.brokerKey, atMs }] };
  }
}

function denied(what: string, remedy: string): IdentityRefused {
  return new IdentityRefused("denied", `${what}; ${remedy}`);
}

async function checkWish(wish: CredentialWish, nowMs: number): Promise<{ key: PublicKey; keyHash: string }> {
  checkClock(wish.clockMs, nowMs);
  const key = await requestedKey(wish.certificateRequest);
  if (key === null) {
    throw new IdentityRefused(
      "invalid",
      "the certificate request is damaged, or not signed with its own key; enrol with this release's parallax-agent",
    );
  }
  if (!USER_KEY.test(wish.brokerKey)) {
    throw new IdentityRefused("invalid", "the key for the broker is none; enrol with this release's parallax-agent");
  }
  return { key, keyHash: await publicKeyHash(key) };
}

/** Certificates and rows carry times: a clock that is off spoils both. */
export function checkClock(clockMs: number, nowMs: number): void {
  const offMs = clockMs - nowMs;
  if (Math.abs(offMs) <= CLOCK_TOLERANCE_MS) return;
  const seconds = Math.round(Math.abs(offMs) / 1_000);
  throw new IdentityRefused(
    "invalid",
    `the agent's clock is ${seconds} s ${offMs > 0 ? "ahead of" : "behind"} the coordinator's; set both by NTP (chrony, systemd-timesyncd)`,
  );
}

function namesOf(terms: Terms, wish: EnrolmentWish): { name: string; vantage: string } {
  const chosen = (what: string, fixed: string | null, asked: string): string => {
    if (fixed !== null && asked !== "" && asked !== fixed) {
      throw denied(
        `the enrolment token is for ${what} ${fixed}, not ${asked.slice(0, 80)}`,
        `leave --${what === "agent" ? "name" : "vantage"} away`,
      );
    }
    const name = fixed ?? asked;
    if (isName(name)) return name;
    const key = what === "agent" ? "--name" : "--vantage";
    throw new IdentityRefused(
      "invalid",
      `${what} ${JSON.stringify(name.slice(0, 80))} is no name; give 1 to 63 letters, digits, - and _ with ${key}`,
    );
  };
  const name = wish.name === "" && terms.name === null ? wish.hostName : wish.name;
  return { name: chosen("agent", terms.name, name), vantage: chosen("vantage", terms.vantage, wish.vantage) };
}

function checkSource(prefix: string | null, address: string, what: string): void {
  if (prefix === null || contains(prefix, address)) return;
  throw denied(
    `${what} may be used from ${prefix} only, not from ${address}`,
    "make a token with another --source-prefix",
  );
}

/** An address that cannot be read (a Unix socket's) is in no prefix. */
function contains(prefix: string, address: string): boolean {
  try {
    return prefixContains(parsePrefix(prefix), parseAddress(address));
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
