import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connectBroker } from "../../../agent/publish/broker.js";
import { renew } from "../../../agent/session/enrol.js";
import { type Hub, startHub, until } from "../support/hub.js";
import { createTestIdentity } from "../support/identity.js";

jest.setTimeout(120_000);

/** How long a revoked agent may go on, at the most. */
const REVOKED_WITHIN_MS = 2_000;

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.stop());

describe("a machine", () => {
  test("becomes an agent with a token and begins a session; of two with one token one does", async () => {
    const shown = hub.token();
    const outcomes = await Promise.allSettled([hub.enrol("one-1", shown), hub.enrol("one-2", shown)]);
    const [enrolled] = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const [refused] = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(refused).toMatchObject({
      line: expect.stringMatching(/refuses this agent: enrolment token .* is used up .*; make a new one/),
    });
    if (enrolled === undefined) throw new Error("none was enrolled");
    const { seen } = hub.open(() => enrolled);
    await until("acknowledged", () => seen.acknowledged > 1);
    expect(seen.problems).toEqual([]);
  });

  test("does not talk to a coordinator with another authority than the token's", async () => {
    await expect(hub.enrol("foreign-1", hub.token("00".repeat(32)))).rejects.toThrow(
      /is not the coordinator that made the token/,
    );
  });

  test("without a certificate gets nothing from the sessions' port", async () => {
    const [host, port] = hub.sessions.split(":");
    const bytes = await new Promise<number>((resolve) => {
      let count = 0;
      const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
      socket.on("data", (chunk) => {
        count += chunk.length;
      });
      // Being refused is what is looked for.
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(count));
    });
    expect(bytes).toBe(0);
    await until("logged", () => hub.identity.refusals.includes("agents 127.0.0.1: it has no certificate"));
  });
});

describe("an enrolled agent", () => {
  test("may publish its own rows and nothing else, and cannot write elsewhere by a reply subject", async () => {
    const identity = await hub.enrol("rows-1");
    const connection = await connectBroker(hub.broker.url, () => identity);
    const publish = (subject: string) => jetstream(connection).publish(subject, "x", { timeout: 10_000 });
    expect((await publish("parallax.rows.c1.fra.rows-1")).stream).toBe("PARALLAX_ROWS");
    for (const subject of [
      "parallax.rows.c1.fra.rows-2",
      "parallax.rows.c1.sin.rows-1",
      "parallax.dead",
      "$JS.API.INFO",
    ]) {
      await expect(publish(subject)).rejects.toThrow(/[Pp]ermission/);
    }
    const heard = await new Promise<string>((resolve) => {
      connection.subscribe("parallax.committed.rows-2", { callback: (error) => resolve(String(error)) });
    });
    expect(heard).toMatch(/[Pp]ermission/);
    const kv = await new Kvm(jetstream(hub.connection)).create("parallax_control");
    connection.publish("parallax.rows.c1.fra.rows-1", "x", { reply: "$KV.parallax_control.stolen" });
    // The answer to the next one comes behind the other's, and what is put then behind what that one could have put.
    await publish("parallax.rows.c1.fra.rows-1");
    await kv.put("ours", "x");
    const manager = await jetstreamManager(hub.connection);
    expect((await manager.streams.info("PARALLAX_ROWS")).state.messages).toBe(3);
    expect(await kv.get("stolen")).toBeNull();
    await connection.close();
  });

  test("that is revoked loses session and broker within two seconds, and gets neither again, nor a certificate", async () => {
    const identity = await hub.enrol("gone-1");
    const connection = await connectBroker(hub.broker.url, () => identity);
    let cutOffMs: number | null = null;
    const watching = (async () => {
      for await (const { type } of connection.status()) if (type === "disconnect") cutOffMs ??= performance.now();
    })();
    const { session, seen } = hub.open(() => identity);
    await until("acknowledged", () => seen.acknowledged > 1);
    const revokedMs = performance.now();
    hub.identity.desk.revoke("gone-1");
    await expect(session.ended).rejects.toThrow(/refuses this agent: agent gone-1 was revoked/);
    expect(performance.now() - revokedMs).toBeLessThan(REVOKED_WITHIN_MS);
    await until("cut off from the broker", () => cutOffMs !== null);
    expect((cutOffMs ?? Number.POSITIVE_INFINITY) - revokedMs).toBeLessThan(REVOKED_WITHIN_MS);
    await connection.close();
    await watching;
    await expect(connectBroker(hub.broker.url, () => identity)).rejects.toThrow(/[Aa]uthorization/);
    await expect(hub.open(() => identity).session.ended).rejects.toThrow(/gone-1 was revoked/);
    await expect(renew(hub.sessions, identity, Date.now)).rejects.toThrow(/gone-1 was revoked/);
  });

  test("of another coordinator with the same name gets no session", async () => {
    const other = await createTestIdentity();
    const identity = await other.enroll("rows-1", "fra");
    other.remove();
    const { seen } = hub.open(() => ({ ...identity, authority: hub.identity.authority.certificate }));
    await until("refused", () => seen.disconnected.length > 1);
    expect(seen.acknowledged).toBe(0);
    expect(hub.identity.refusals).toContain("agents 127.0.0.1: its certificate is of another authority");
  });
});
