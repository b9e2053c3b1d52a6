import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerAccounts } from "../identity/broker-accounts.js";
import { writeSecretFile } from "../identity/files.js";
import type { ServerTls } from "../session/server.js";

export interface BrokerSettings {
  /** Folder of the configuration and the streams. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly tls: ServerTls;
  readonly accounts: BrokerAccounts;
}

/** A batch is at most 1 MB; its message has a header. */
const MAX_PAYLOAD = "2MB";
/** More than the streams reserve: by default it would be a share of the free disk, and a small one refuses to start. */
const MAX_STORE = "16GB";

/**
 * Writes what `nats-server` needs, in the words of its release 2.9, and where it is newer that every message is on the
 * disk before it is acknowledged: TLS with certificates on both sides, and accounts as
 * JWTs in the file. `version` is what the program says on --version. Returns the configuration's path.
 */
export function writeConfiguration(settings: BrokerSettings, version: string): string {
  const { folder, host, port, tls, accounts } = settings;
  const path = (name: string) => join(folder, name);
  const quoted = (text: string) => JSON.stringify(text);
  writeSecretFile(path("server.key"), tls.key);
  writeSecretFile(path("server.crt"), tls.certificate);
  writeSecretFile(path("ca.crt"), tls.authority);
  const address = host.includes(":") ? `[${host}]` : host;
  const { operator, ...known } = accounts;
  const lines = [
    `listen: ${quoted(`${address}:${port}`)}`,
    `max_payload: ${MAX_PAYLOAD}`,
    `tls { cert_file: ${quoted(path("server.crt"))}, key_file: ${quoted(path("server.key"))},`,
    `  ca_file: ${quoted(path("ca.crt"))}, verify: true, timeout: 5 }`,
    `operator: ${operator}`,
    `system_account: ${accounts.system.key}`,
    "resolver: MEMORY",
    "resolver_preload {",
    ...Object.values(known).map(({ key, jwt }) => `  ${key}: ${jwt}`),
    "}",
    `jetstream { store_dir: ${quoted(path("streams"))}, max_file_store: ${MAX_STORE}${syncing(version)} }`,
    "",
  ];
  writeFileSync(path("nats-server.conf"), lines.join("\n"), { mode: 0o600 });
  return path("nats-server.conf");
}

/** Release 2.10 and later can; before, files are synced every two minutes, whatever is said. */
function syncing(version: string): string {
  const [, major, minor] = /v?(\d+)\.(\d+)/.exec(version) ?? [];
  const knows = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10);
  return knows ? ", sync_interval: always" : "";
}
