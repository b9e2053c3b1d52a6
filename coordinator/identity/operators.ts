import { UserError } from "../../shared/errors.js";
import { publicKeyHash, requestedKey } from "../../shared/identity/x509.js";
import { isName } from "../../shared/lease/protocol.js";
import type { Authority } from "./authority.js";
import type { Holder } from "./holder.js";
import type { OperatorRecord, OperatorRole } from "./records.js";
import type { Registry } from "./registry.js";

/** Who gets an operator's certificate, and for which key. */
export interface OperatorWish {
  readonly name: string;
  readonly role: OperatorRole;
  /** How long the certificate holds. */
  readonly lifetimeMs: number;
  /** PKCS#10 in DER. */
  readonly certificateRequest: Uint8Array;
  /** Who wants it. */
  readonly by: string;
}

/** Decides who may use the HTTP API from elsewhere. Everything rejects or throws with UserError. */
export interface OperatorDesk {
  /** `certificate`: PEM. */
  add(wish: OperatorWish): Promise<{ readonly record: OperatorRecord; readonly certificate: string }>;
  list(): OperatorRecord[];
  /** Holds from now on, for connections that are open too. */
  revoke(name: string): OperatorRecord;
  /** The record of an operator who may use the API now. */
  admit(holder: Holder): OperatorRecord;
  /** Called after an operator was revoked. */
  onChange(listener: (name: string) => void): void;
}

export interface OperatorDeskOptions {
  readonly registry: Pick<Registry, "operator" | "operators" | "putOperator">;
  readonly authority: Pick<Authority, "issueClient">;
  readonly nowMs: () => number;
}

export function createOperatorDesk({ registry, authority, nowMs }: OperatorDeskOptions): OperatorDesk {
  const listeners: ((name: string) => void)[] = [];
  const again = (name: string) => `get a new one: parallax operators add ${name}`;

  const checkFree = (name: string): void => {
    const former = registry.operator(name);
    if (former === null || former.revokedMs !== null || nowMs() >= former.expiresMs) return;
    throw new UserError(`there is an operator ${name} already`, {
      remedy: `choose another name, or end that one first with \`parallax operators revoke ${name}\``,
    });
  };

  return {
    async add({ name, role, lifetimeMs, certificateRequest, by }) {
      if (!isName(name)) {
        throw new UserError(`operator ${JSON.stringify(name.slice(0, 80))} is no name`, {
          remedy: "use 1 to 63 letters, digits, - and _",
          exitCode: 2,
        });
      }
      const key = await requestedKey(certificateRequest);
      if (key === null) {
        throw new UserError("the certificate request is damaged, or not signed with its own key", {
          remedy: "make it with this release's `parallax operators add`",
          exitCode: 2,
        });
      }
      const keyHash = await publicKeyHash(key);
      // From here to `putOperator` nothing else runs: of two that come at once the second finds what the first wrote.
      checkFree(name);
      const createdMs = nowMs();
      const expiresMs = createdMs + lifetimeMs;
      const record = { name, role, keyHash, createdMs, createdBy: by, expiresMs, revokedMs: null };
      registry.putOperator(record);
      return { record, certificate: await authority.issueClient("operator", name, key, expiresMs) };
    },
    list: registry.operators,
    revoke(name) {
      const record = registry.operator(name);
      if (record === null) {
        throw new UserError(`there is no operator ${name}`, { remedy: "see `parallax operators list`", exitCode: 2 });
      }
      const revoked = { ...record, revokedMs: record.revokedMs ?? nowMs() };
      registry.putOperator(revoked);
      for (const listener of listeners) listener(name);
      return revoked;
    },
    admit({ kind, name, keyHash }) {
      if (kind !== "operator") {
        throw new UserError(`the certificate is that of ${kind} ${name}, not an operator's`, {
          remedy: "use the folder that `parallax operators add` wrote",
        });
      }
      const record = registry.operator(name);
      if (record === null) {
        throw new UserError(`there is no operator ${name} here`, { remedy: again(name) });
      }
      if (record.keyHash !== keyHash) {
        throw new UserError(`the certificate of operator ${name} is not the one in force`, {
          remedy: "use the folder of the newest `parallax operators add`",
        });
      }
      if (record.revokedMs !== null) {
        throw new UserError(`operator ${name} was revoked at ${new Date(record.revokedMs).toISOString()}`, {
          remedy: again(name),
        });
      }
      if (nowMs() >= record.expiresMs) {
        throw new UserError(
          `the certificate of operator ${name} expired at ${new Date(record.expiresMs).toISOString()}`,
          { remedy: again(name) },
        );
      }
      return record;
    },
    onChange: (listener) => listeners.push(listener),
  };
}
