import { connect as connectSocket } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import pino from "pino";
import type { ClientIdentity } from "../../../agent/session/client.js";
import { createFleet, type Fleet } from "../../../coordinator/session/fleet.js";
import { type SessionServer, startSessionServer } from "../../../coordinator/session/server.js";
import { UserError } from "../../../shared/errors.js";
import type { Hello } from "../../../shared/generated/parallax/agent/v1/session.js";
import { DEFAULT_TIMING } from "../../../shared/lease/protocol.js";
import { standingClock } from "../../coordinator/session/fake.js";
import { createTestIdentity, type TestIdentity } from "../support/identity.js";
import { connect, type Player } from "./player.js";

let identity: TestIdentity;
let fra1: ClientIdentity;
let clock: ReturnType<typeof standingClock>;
let fleet: Fleet;
let server: SessionServer;
let players: Player[];

const join = (hello: Partial<Hello> | null = {}, as: ClientIdentity = fra1): Player => {
  const player = connect(server.port, as, hello);
  players.push(player);
  return player;
};
const log = pino({ level: "silent" });

beforeAll(async () => {
  identity = await createTestIdentity();
  fra1 = await identity.enroll("fra-1", "fra");
});
afterAll(() => identity.remove());

beforeEach(async () => {
  clock = standingClock();
  fleet = createFleet({ clock, timing: DEFAULT_TIMING, versions: { coordinator: "0.1.0", oldestAgent: "0.1.0" } });
  server = await startSessionServer({ ...identity.server, fleet, log });
  players = [];
});

afterEach(async () => {
  for (const player of players) {
    player.close();
  }
  await server.stop();
});

describe("the session server", () => {
  it("welcomes an agent and acknowledges its heartbeats", async () => {
    const player = join();
    expect(await player.next("welcome")).toMatchObject({
      heartbeatIntervalMs: 1_000,
      leaseTtlMs: 15_000,
      stopAfterMs: 10_000,
    });
    player.heartbeat();

    expect(await player.next("ack")).toEqual({ sequence: 1n, clockUs: BigInt(clock.wallMs() * 1_000) });
    expect(player.received.map((message) => message.body?.$case)).toEqual(["welcome", "ack"]);
    expect(fleet.list()).toMatchObject([{ agent: "fra-1", state: "connected", labels: { web: "80" } }]);
  });

  it("notes the end of a session", async () => {
    const player = join();
    await player.next("welcome");
    player.close();
    await player.ended;
    while (fleet.connected().length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }

    expect(fleet.list()).toMatchObject([{ state: "gone" }]);
  });

  it.each<[string, () => Player, status, RegExp]>([
    ["of an old version", () => join({ version: "0.0.1" }), status.FAILED_PRECONDITION, /"0.0.1".*0.1.0 or newer/],
    ["of another protocol", () => join({ protocol: 7 }), status.FAILED_PRECONDITION, /protocol 7/],
    [
      "with another's name",
      () => join({ agent: "fra-2" }),
      status.INVALID_ARGUMENT,
      /name "fra-2" is not that of the certificate, fra-1; correct name/,
    ],
    [
      "with another vantage point",
      () => join({ vantage: "sin" }),
      status.INVALID_ARGUMENT,
      /vantage point "sin" is not that of the certificate, fra/,
    ],
    [
      "whose clock is a day ahead",
      () => join({ clockMs: BigInt(Date.now() + 86_400_000) }),
      status.INVALID_ARGUMENT,
      /clock is 864\d\d s ahead of the coordinator's; set both by NTP/,
    ],
  ])("ends the session of an agent %s with the remedy", async (_, start, code, details) => {
    const end = await start().ended;

    expect(end.code).toBe(code);
    expect(end.details).toMatch(details);
    expect(fleet.list()).toEqual([]);
  });

  it("refuses a second process with the same name while the first is heard", async () => {
    const first = join();
    await first.next("welcome");
    const second = await join({ instance: "life-2" }).ended;
    expect(second).toMatchObject({ code: status.ALREADY_EXISTS });

    clock.pass(DEFAULT_TIMING.leaseTtlMs);
    await join({ instance: "life-2" }).next("welcome");
    expect((await first.ended).details).toContain("newer session");
  });

  it.each<[string, (player: Player) => void]>([
    ["a heartbeat before the hello", (player) => player.heartbeat()],
    [
      "a mark beyond 2^53",
      (player) => {
        player.send({ $case: "hello", value: helloOf("fra-1") });
        player.heartbeat([{ lease: "x", epoch: 1n, sent: 2n ** 60n, done: 0n, committed: 0n }]);
      },
    ],
    [
      "a second hello",
      (player) => {
        player.send({ $case: "hello", value: helloOf("fra-1") });
        player.send({ $case: "hello", value: helloOf("fra-1") });
      },
    ],
  ])("ends a session with %s and goes on serving others", async (_, misbehave) => {
    const player = join(null);
    misbehave(player);
    expect((await player.ended).code).toBe(status.INVALID_ARGUMENT);

    await join().next("welcome");
  });

  it("survives bytes that are no gRPC at all", async () => {
    await new Promise<void>((resolve) => {
      const socket = connectSocket(server.port, "127.0.0.1", () => socket.end("GET / HTTP/1.0\r\n\r\n"));
      socket.resume();
      socket.on("close", () => resolve());
      socket.on("error", () => resolve());
    });

    await join().next("welcome");
  });

  it("says which address it cannot bind", async () => {
    const second = startSessionServer({ ...identity.server, port: server.port, fleet, log });

    await expect(second).rejects.toThrow(UserError);
    await expect(second).rejects.toThrow(`cannot listen for agents on 127.0.0.1:${server.port}: it is in use`);
  });
});

function helloOf(agent: string) {
  return {
    agent,
    vantage: "fra",
    labels: {},
    version: "0.1.0",
    protocol: 1,
    instance: "i",
    ipv4: true,
    ipv6: true,
    maxPps: 1,
    opened: [],
    yields: true,
    selfTests: false,
    referenceAddresses: [],
    spool: "",
    optOuts: "",
  };
}
