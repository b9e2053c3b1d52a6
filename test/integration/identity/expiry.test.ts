import { connect as connectPlain } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { createIdentityKeeper } from "../../../agent/identity/keeper.js";
import { connectBroker } from "../../../agent/publish/broker.js";
import { renew } from "../../../agent/session/enrol.js";
import { importKeyPair } from "../../../shared/identity/x509.js";
import { type Hub, startHub, until } from "../support/hub.js";

jest.setTimeout(180_000);

const LIFETIME_MS = 10_000;

const ends: (() => unknown)[] = [];
let hub: Hub;
beforeAll(async () => {
  hub = await startHub({ certificateLifetimeMs: LIFETIME_MS });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => hub.stop());

async function dial(identity: () => AgentIdentity): Promise<NatsConnection> {
  const connection = await connectBroker(hub.broker.url, identity);
  ends.push(() => connection.close());
  return connection;
}

/** Kinds of events of a connection, from now on. */
function events(connection: NatsConnection): string[] {
  const seen: string[] = [];
  void (async () => {
    for await (const { type } of connection.status()) seen.push(type);
  })();
  return seen;
}

async function published(connection: NatsConnection, subject: string): Promise<boolean> {
  return jetstream(connection)
    .publish(subject, "x", { timeout: 1_000 })
    .then(
      () => true,
      () => false,
    );
}

test("an agent outlives its first certificate: the session goes on without a break, the broker's connection is made anew", async () => {
  const first = await hub.enrol("long-1");
  const abort = new AbortController();
  const stored: AgentIdentity[] = [];
  const failures: unknown[] = [];
  const keeper = createIdentityKeeper({
    identity: first,
    renew: (current) => renew(hub.sessions, current, Date.now),
    store: (renewed) => stored.push(renewed),
    nowMs: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    onRenewed: () => undefined,
    onFailure: (error) => failures.push(error),
  });
  // When it gives up, the session's end says so below.
  const running = keeper.run(abort.signal).catch((error: unknown) => failures.push(error));
  ends.push(() => {
    abort.abort();
    return running;
  });
  const { seen } = hub.open(keeper.current);
  const connection = await dial(keeper.current);
  const told = events(connection);
  await until("the first certificate's end", () => Date.now() > first.expiresMs + 1_000);
  const { acknowledged } = seen;
  await until("acknowledged afterwards", () => seen.acknowledged > acknowledged + 2);
  expect(seen.disconnected).toEqual([]);
  expect(failures).toEqual([]);
  expect(stored.length).toBeGreaterThan(0);
  // The broker ends what an old JWT opened; the agent's own client comes back by itself, with what is new.
  await until("ended by the broker", () => told.includes("disconnect"));
  await until("published afterwards", () => published(connection, "parallax.rows.c1.fra.long-1"));
  expect(told).toContain("reconnect");
  const mixed = { ...keeper.current(), brokerJwt: first.brokerJwt };
  await expect(connectBroker(hub.broker.url, () => mixed)).rejects.toThrow(/[Aa]uthorization/);
});

test("an agent that is not renewed loses its session and its broker, and gets in nowhere again", async () => {
  const identity = await hub.enrol("late-1");
  const { session, seen } = hub.open(() => identity);
  const connection = await dial(() => identity);
  const told = events(connection);
  await until("acknowledged", () => seen.acknowledged > 1);
  await expect(session.ended).rejects.toThrow(/refuses this agent: the certificate of agent late-1 expired at/);
  expect(Date.now()).toBeGreaterThanOrEqual(identity.expiresMs);
  await until("ended by the broker", () => told.includes("disconnect"));
  await expect(renew(hub.sessions, identity, Date.now)).rejects.toThrow(/cannot be reached|cannot be used/);
});

test("an expired certificate is refused in the handshake by sessions and broker, whatever comes with it", async () => {
  const identity = await hub.enrol("old-1");
  const { publicKey } = await importKeyPair(identity.key);
  const endedMs = Date.now() - 60_000;
  const certificate = await hub.identity.authority.issueClient("agent", "old-1", publicKey, endedMs);
  const expired = { ...identity, certificate };

  const [host, port] = hub.sessions.split(":");
  const bytes = await new Promise<number>((resolve) => {
    let count = 0;
    const tls = { key: identity.key, cert: certificate, ca: identity.authority, servername: "localhost" };
    const socket = connectTls({ host, port: Number(port), ...tls, ALPNProtocols: ["h2"] });
    socket.on("data", (chunk) => {
      count += chunk.length;
    });
    // Being refused is what is looked for.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(count));
  });
  expect(bytes).toBe(0);
  await until("logged", () => hub.identity.refusals.includes("agents 127.0.0.1: its certificate has expired"));
  const { seen } = hub.open(() => expired);
  await until("refused", () => seen.disconnected.length > 1);
  expect(seen.acknowledged).toBe(0);

  // The same key and JWT with the certificate that is good: it is the certificate that the broker minds.
  await (await connectBroker(hub.broker.url, () => identity)).close();
  expect(await brokersAlert(identity, certificate)).toMatch(/alert (bad certificate|certificate expired)/);
});

/** What nats-server says of a certificate, as OpenSSL's words for its alert. */
function brokersAlert({ key, authority }: AgentIdentity, certificate: string): Promise<string> {
  const plain = connectPlain({ host: "127.0.0.1", port: hub.broker.port });
  return new Promise((resolve) => {
    // It says its version first, and waits for TLS then.
    plain.once("data", () => {
      const tls = { key, cert: certificate, ca: authority, servername: "localhost" };
      connectTls({ socket: plain, ...tls }).once("error", (error) => resolve(error.message));
    });
  });
}
