import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ToExchange } from "../../../coordinator/session/agent.js";
import { createFleet, type Fleet, type FleetSession } from "../../../coordinator/session/fleet.js";
import { relayReferences } from "../../../coordinator/vantage/references.js";
import { parseAddress } from "../../../shared/address/address.js";
import { DEFAULT_TIMING } from "../../../shared/lease/protocol.js";
import type { ReferenceWish } from "../../../shared/selftest/exchange.js";
import { MOST_SYNS } from "../../../shared/selftest/self-test.js";
import { identity, recordingLink, standingClock } from "../session/fake.js";

const SYN = Uint8Array.of(0x45, 0);
const WISH: ReferenceWish = {
  exchange: 1,
  reference: "ams-1",
  secret: new Uint8Array(16),
  ports: [80],
  sources: [parseAddress("192.0.2.1")],
};

let clock: ReturnType<typeof standingClock>;
let fleet: Fleet;

beforeEach(() => {
  clock = standingClock();
  fleet = createFleet({ clock, timing: DEFAULT_TIMING, versions: { coordinator: "0.1.0", oldestAgent: "0.1.0" } });
  relayReferences({ fleet, clock });
});

function join(agent: string, referenceAddresses: readonly string[] = []) {
  const link = recordingLink();
  const session: FleetSession = fleet.join(identity({ agent, referenceAddresses }), link);
  const said = () => link.sent.filter(isOfExchange);
  return { session, said, wish: (change: Partial<ReferenceWish> = {}) => wish(session, change) };
}

const isOfExchange = (message: { kind: string }): message is ToExchange =>
  ["listen", "reference", "heard"].includes(message.kind);

function wish(session: FleetSession, change: Partial<ReferenceWish>): void {
  session.exchange({ kind: "wish", wish: { ...WISH, ...change } });
}

function nameOf(messages: readonly ToExchange[]): string {
  const [listen] = messages;
  return listen?.kind === "listen" ? listen.order.exchange : "none";
}

describe("an agent and its reference", () => {
  it("are told of each other, and what the reference hears goes to who sent it, byte for byte", () => {
    const tester = join("fra-1");
    const reference = join("ams-1", ["198.51.100.2"]);
    tester.wish();
    expect(reference.said()).toMatchObject([{ kind: "listen", order: { ports: [80], sources: WISH.sources } }]);
    expect(tester.said()).toEqual([]);

    const exchange = nameOf(reference.said());
    reference.session.exchange({ kind: "listening", exchange, problem: "" });
    reference.session.exchange({ kind: "heard", exchange, packet: SYN });
    expect(tester.said()).toEqual([
      { kind: "reference", answer: { exchange: 1, problem: "", addresses: [parseAddress("198.51.100.2")] } },
      { kind: "heard", exchange: "1", packet: SYN },
    ]);
  });

  it.each([
    ["is not there", () => undefined, "agent ams-1 is not connected"],
    ["listens for nobody", () => join("ams-1"), "agent ams-1 listens for nobody (its driver, its release or its file)"],
  ])("are not brought together when the reference %s", (_, prepare, problem) => {
    prepare();
    const tester = join("fra-1");
    tester.wish();
    expect(tester.said()).toEqual([{ kind: "reference", answer: { exchange: 1, problem, addresses: [] } }]);
  });

  it("are told why when the reference cannot listen now", () => {
    const tester = join("fra-1");
    const reference = join("ams-1", ["198.51.100.2"]);
    tester.wish();
    const exchange = nameOf(reference.said());
    reference.session.exchange({ kind: "listening", exchange, problem: "it listens for others now" });
    expect(tester.said()).toMatchObject([{ answer: { problem: "agent ams-1: it listens for others now" } }]);
  });

  it("hear nothing of an agent that was not asked, of an exchange that is over, or beyond what was agreed on", () => {
    const tester = join("fra-1");
    const reference = join("ams-1", ["198.51.100.2"]);
    const stranger = join("nyc-1", ["203.0.113.7"]);
    tester.wish();
    const exchange = nameOf(reference.said());
    stranger.session.exchange({ kind: "heard", exchange, packet: SYN });
    stranger.session.exchange({ kind: "listening", exchange, problem: "" });
    expect(tester.said()).toEqual([]);

    for (let i = 0; i < MOST_SYNS + 5; i++) reference.session.exchange({ kind: "heard", exchange, packet: SYN });
    expect(tester.said()).toHaveLength(MOST_SYNS);
    clock.pass(60_000);
    reference.session.exchange({ kind: "listening", exchange, problem: "" });
    expect(tester.said()).toHaveLength(MOST_SYNS);
  });

  it("are brought together at most once in five seconds, so that nobody's SYNs become many", () => {
    const tester = join("fra-1");
    const reference = join("ams-1", ["198.51.100.2"]);
    tester.wish();
    tester.wish({ exchange: 2 });
    expect(reference.said()).toHaveLength(1);
    expect(tester.said()).toMatchObject([{ answer: { exchange: 2, problem: "asked for again too soon" } }]);
    clock.pass(5_000);
    tester.wish({ exchange: 3 });
    expect(reference.said()).toHaveLength(2);
  });

  it("end their exchange when one of them leaves", () => {
    const tester = join("fra-1");
    const reference = join("ams-1", ["198.51.100.2"]);
    tester.wish();
    const exchange = nameOf(reference.said());
    tester.session.closed();
    const again = join("fra-1");
    reference.session.exchange({ kind: "heard", exchange, packet: SYN });
    expect([tester.said(), again.said()]).toEqual([[], []]);
  });
});
