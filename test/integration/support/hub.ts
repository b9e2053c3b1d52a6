import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { enroll } from "../../../agent/session/enrol.js";
import { createSession, type Session } from "../../../agent/session/session.js";
import { createBrokerRevocations } from "../../../coordinator/broker/revocations.js";
import { ensureStreams } from "../../../coordinator/broker/streams.js";
import { createTokenDesk } from "../../../coordinator/identity/tokens.js";
import { startEnrolmentServer } from "../../../coordinator/session/enrolment-server.js";
import { createFleet } from "../../../coordinator/session/fleet.js";
import { startSessionServer } from "../../../coordinator/session/server.js";
import { type EnrolmentToken, parseToken } from "../../../shared/identity/token.js";
import { VERSION } from "../../../shared/version.js";
import { startTestBroker, type TestBroker } from "./broker.js";

/** What a session did since it was opened. */
export interface Seen {
  acknowledged: number;
  readonly disconnected: string[];
  readonly problems: string[];
}

/** The ports that agents know of a coordinator, and its broker: real TLS, a real nats-server. */
export interface Hub extends TestBroker {
  /** `host:port` of the sessions. */
  readonly sessions: string;
  token(fingerprint?: string): EnrolmentToken;
  enrol(name: string, token?: EnrolmentToken): Promise<AgentIdentity>;
  /** Begins a session; `stop` ends it. */
  open(identity: () => AgentIdentity): { readonly session: Session; readonly seen: Seen };
}

const NO_TERMS = { name: null, vantage: "fra", labels: {}, maxPps: null, sourcePrefix: null };
const NO_STATS = { packetsSent: 0, replies: 0, kernelDrops: 0, sendErrors: 0, packetsPerSecond: 0, spoolBytes: 0 };

export async function startHub(identityOptions: { readonly certificateLifetimeMs?: number } = {}): Promise<Hub> {
  const log = pino({ level: "silent" });
  const broker = await startTestBroker(identityOptions);
  const { identity } = broker;
  await ensureStreams(broker.connection);
  const fleet = createFleet({
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    timing: { heartbeatIntervalMs: 50, leaseTtlMs: 15_000, stopAfterMs: 10_000 },
    versions: { coordinator: VERSION, oldestAgent: VERSION },
  });
  const addresses = () => ({
    sessions: `127.0.0.1:${server.port}`,
    broker: broker.broker.url,
    authority: identity.authority.certificate,
  });
  const server = await startSessionServer({ ...identity.server, addresses, fleet, log, expiryLookMs: 100 });
  const enrolment = await startEnrolmentServer({ ...identity.server, desk: identity.desk, addresses, log });
  const revocations = createBrokerRevocations({
    url: broker.broker.url,
    client: identity.brokerClients.system,
    accounts: identity.brokerAccounts,
    report: () => undefined,
  });
  identity.desk.onChange(revocations.changed);
  const open: Session[] = [];
  const hub: Hub = {
    ...broker,
    sessions: `127.0.0.1:${server.port}`,
    token(fingerprint = identity.authority.fingerprint) {
      const desk = createTokenDesk(
        identity.registry,
        { address: `127.0.0.1:${enrolment.port}`, fingerprint },
        Date.now,
      );
      return parseToken(desk.create({ uses: 1, lifetimeMs: 60_000, terms: NO_TERMS }).token);
    },
    enrol: (name, token = hub.token()) =>
      enroll({ token, address: null, name, vantage: null, hostname: null, nowMs: Date.now }),
    open(current) {
      const seen: Seen = { acknowledged: 0, disconnected: [], problems: [] };
      const { name: agent, vantage } = current();
      const nothing = () => undefined;
      const session = createSession({
        address: hub.sessions,
        identity: current,
        nowMs: () => performance.now(),
        wallMs: Date.now,
        random: Math.random,
        mostBackoffMs: 200,
        hello: {
          ...{ agent, vantage, labels: {}, version: VERSION, instance: `${agent}-1`, spool: "s" },
          ...{ ipv4: true, ipv6: true, maxPps: 1, yields: true, selfTests: false, referenceAddresses: [], opened: [] },
        },
        handlers: {
          ...{ welcome: nothing, plan: nothing, grant: nothing, pause: nothing, revoke: nothing, yield: nothing },
          heldOptOuts: () => "",
          optOuts: nothing,
          heartbeat: () => ({ leases: [], stats: { ...NO_STATS, lastError: "" }, optOuts: 0 }),
          acknowledged: (sequence) => {
            seen.acknowledged = sequence;
          },
          disconnected: (reason) => seen.disconnected.push(reason),
          problem: (line) => seen.problems.push(line),
        },
      });
      open.push(session);
      // A test that does not wait for its end must not fail by it.
      session.ended.catch(nothing);
      return { session, seen };
    },
    async stop() {
      await Promise.all(open.map((session) => session.close(100)));
      await revocations.close();
      await enrolment.stop();
      await server.stop();
      await broker.stop();
    },
  };
  return hub;
}

/** Looks every 20 ms, for as long as a busy machine may take. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await isSo()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
  }
}
