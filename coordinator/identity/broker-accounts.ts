import { join } from "node:path";
import { encodeAccount, encodeOperator, encodeUser } from "@nats-io/jwt";
import { nkeys } from "@nats-io/transport-node";
import { z } from "zod";
import { readJsonFile, writeSecretFile } from "./files.js";

const seeds = z.object({ operator: z.string(), system: z.string(), coordinator: z.string(), agents: z.string() });

/** What a client shows to the broker. */
export interface BrokerUser {
  readonly jwt: string;
  readonly seed: string;
}

/** What the broker's configuration says of who is who; all are JWTs signed by the operator's key. */
export interface BrokerAccounts {
  readonly operator: string;
  readonly system: { readonly key: string; readonly jwt: string };
  readonly coordinator: { readonly key: string; readonly jwt: string };
  readonly agents: { readonly key: string; readonly jwt: string };
}

/** Signs for the broker. Agents have an account of their own: whatever they do, they see and reach no other. */
export interface BrokerSigner {
  /** `revoked`: public keys of agents, each with the Unix second up to which what was signed for it is void. */
  accounts(revoked: Readonly<Record<string, number>>): Promise<BrokerAccounts>;
  /** Users of this process, without an end. */
  coordinator(): Promise<BrokerUser>;
  system(): Promise<BrokerUser>;
  /** A JWT for an agent's key; it may publish its own rows and hear its own notices and answers until `untilMs`. */
  agent(agent: {
    readonly name: string;
    readonly vantage: string;
    readonly key: string;
    readonly untilMs: number;
  }): Promise<string>;
}

const UNLIMITED = -1;
const LIMITS = {
  subs: UNLIMITED,
  data: UNLIMITED,
  payload: UNLIMITED,
  conn: UNLIMITED,
  leaf: 0,
  imports: 8,
  exports: 8,
};
const JETSTREAM = { mem_storage: UNLIMITED, disk_storage: UNLIMITED, streams: UNLIMITED, consumer: UNLIMITED };
/** Subscriptions that an agent needs: its notices and its answers. */
const AGENT_SUBSCRIPTIONS = 8;
const AGENT_PAYLOAD_BYTES = 2_097_152;

const ROWS = "parallax.rows.>";
const COMMITTED = "parallax.committed.*";

/** Opens the keys of the broker's accounts in a data folder, and makes them when there are none. */
export function openBrokerSigner(data: string): BrokerSigner {
  const file = join(data, "identity", "broker-keys.json");
  const kept = readJsonFile(file, seeds) ?? makeKeys(file);
  const pair = (seed: string) => nkeys.fromSeed(Buffer.from(seed));
  const operator = pair(kept.operator);
  const system = pair(kept.system);
  const coordinator = pair(kept.coordinator);
  const agents = pair(kept.agents);

  const account = (name: string, key: typeof agents, claims: object) =>
    encodeAccount(name, key, { limits: { ...LIMITS, wildcards: true }, ...claims }, { signer: operator });

  const user = async (name: string, issuer: typeof agents): Promise<BrokerUser> => {
    const key = nkeys.createUser();
    const jwt = await encodeUser(name, key, issuer, { subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED }, {});
    return { jwt, seed: Buffer.from(key.getSeed()).toString() };
  };

  return {
    async accounts(revoked) {
      const exporter = coordinator.getPublicKey();
      return {
        operator: await encodeOperator("parallax", operator, { system_account: system.getPublicKey() }),
        system: { key: system.getPublicKey(), jwt: await account("system", system, {}) },
        coordinator: {
          key: exporter,
          jwt: await account("coordinator", coordinator, {
            limits: { ...LIMITS, wildcards: true, ...JETSTREAM },
            exports: [
              { name: "rows", subject: ROWS, type: "service", response_type: "Singleton" },
              { name: "committed", subject: COMMITTED, type: "stream" },
            ],
          }),
        },
        agents: {
          key: agents.getPublicKey(),
          jwt: await account("agents", agents, {
            imports: [
              { name: "rows", subject: ROWS, account: exporter, type: "service" },
              { name: "committed", subject: COMMITTED, account: exporter, type: "stream" },
            ],
            revocations: { ...revoked },
          }),
        },
      };
    },
    coordinator: () => user("coordinator", coordinator),
    system: () => user("system", system),
    agent: ({ name, vantage, key, untilMs }) =>
      encodeUser(
        name,
        nkeys.fromPublic(key),
        agents,
        {
          subs: AGENT_SUBSCRIPTIONS,
          data: UNLIMITED,
          payload: AGENT_PAYLOAD_BYTES,
          pub: { allow: [`parallax.rows.*.${vantage}.${name}`] },
          sub: { allow: [`parallax.committed.${name}`, `_INBOX.${name}.>`] },
        },
        { exp: Math.floor(untilMs / 1_000) },
      ),
  };
}

function makeKeys(file: string): z.infer<typeof seeds> {
  const seed = (key: { getSeed(): Uint8Array }) => Buffer.from(key.getSeed()).toString();
  const made = {
    operator: seed(nkeys.createOperator()),
    system: seed(nkeys.createAccount()),
    coordinator: seed(nkeys.createAccount()),
    agents: seed(nkeys.createAccount()),
  };
  writeSecretFile(file, JSON.stringify(made));
  return made;
}
