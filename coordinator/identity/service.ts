import type { BrokerClient } from "../broker/dial.js";
import type { ServerTls } from "../session/server.js";
import { type Authority, openAuthority } from "./authority.js";
import { type BrokerAccounts, type BrokerUser, openBrokerSigner } from "./broker-accounts.js";
import { createIdentityDesk, type IdentityDesk } from "./desk.js";
import { createOperatorDesk, type OperatorDesk } from "./operators.js";
import { openRegistry, type Registry } from "./registry.js";

/** How long an agent's certificate holds; it is renewed after two thirds of that. */
const CERTIFICATE_LIFETIME_MS = 7 * 86_400_000;
/** Names of this machine that its server certificate always has: the lab's relays end at them. */
const LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"];

export interface IdentityOptions {
  /** Data folder. */
  readonly data: string;
  /** Names and addresses by which agents reach this coordinator, besides this machine's own. */
  readonly publicNames: readonly string[];
  readonly nowMs: () => number;
  readonly certificateLifetimeMs?: number;
}

/** Everything that says who is who, for one life of the coordinator. */
export interface Identity {
  readonly authority: Authority;
  readonly registry: Registry;
  readonly desk: IdentityDesk;
  readonly operators: OperatorDesk;
  readonly tls: ServerTls;
  readonly brokerClients: { readonly coordinator: BrokerClient; readonly system: BrokerClient };
  brokerAccounts(): Promise<BrokerAccounts>;
}

/** Opens the authority, the registry and the broker's keys of a data folder, and makes what is missing. */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { data, publicNames, nowMs, certificateLifetimeMs = CERTIFICATE_LIFETIME_MS } = options;
  const authority = await openAuthority(data, nowMs);
  const registry = openRegistry(data);
  const signer = openBrokerSigner(data);
  const desk = createIdentityDesk({ registry, authority, broker: signer, nowMs, certificateLifetimeMs });
  const server = await authority.issueServer([...new Set([...publicNames, ...LOCAL_NAMES])]);
  const own = { ...(await authority.issueOwn()), authority: authority.certificate };
  const client = (user: BrokerUser): BrokerClient => ({ ...own, user });
  return {
    authority,
    registry,
    desk,
    operators: createOperatorDesk({ registry, authority, nowMs }),
    tls: {
      key: server.key,
      certificate: server.certificate + authority.certificate,
      authority: authority.certificate,
    },
    brokerClients: { coordinator: client(await signer.coordinator()), system: client(await signer.system()) },
    brokerAccounts: () => signer.accounts(desk.voidBrokerKeys()),
  };
}
