import { beforeEach, describe, expect, it } from "@jest/globals";
import { SessionRefused } from "../../../coordinator/session/agent.js";
import { createFleet, type Fleet } from "../../../coordinator/session/fleet.js";
import { DEFAULT_TIMING } from "../../../shared/lease/protocol.js";
import { heartbeat, identity, recordingLink, selfTest, standingClock } from "./fake.js";

let clock: ReturnType<typeof standingClock>;
let fleet: Fleet;
let heard: string[];

beforeEach(() => {
  clock = standingClock();
  fleet = createFleet({ clock, timing: DEFAULT_TIMING, versions: { coordinator: "0.1.0", oldestAgent: "0.1.0" } });
  heard = [];
  fleet.listen({
    joined: ({ identity: { agent, instance } }) => heard.push(`joined ${agent} ${instance}`),
    heartbeat: (_, { sequence }, first) => heard.push(`heartbeat ${sequence}${first ? " first" : ""}`),
    refused: (_, { lease }) => heard.push(`refused ${lease}`),
  });
});

describe("the fleet", () => {
  it("acknowledges every new heartbeat once and drops old ones", () => {
    const link = recordingLink();
    const session = fleet.join(identity(), link);
    for (const sequence of [3, 3, 2, 4]) {
      session.heartbeat(heartbeat(sequence));
    }

    expect(link.sent).toEqual([
      { kind: "ack", sequence: 3, clockUs: clock.wallMs() * 1_000 },
      { kind: "ack", sequence: 4, clockUs: clock.wallMs() * 1_000 },
    ]);
    expect(heard).toEqual(["joined fra-1 life-1", "heartbeat 3 first", "heartbeat 4"]);
  });

  it("calls an agent silent after the stop time and gone when its stream has ended", () => {
    const session = fleet.join(identity(), recordingLink());
    const state = () => fleet.list().map((view) => view.state);
    expect(state()).toEqual(["connected"]);

    clock.pass(DEFAULT_TIMING.stopAfterMs);
    expect(state()).toEqual(["silent"]);
    expect(fleet.find("fra-1")?.ready).toBe(false);
    session.heartbeat(heartbeat(1));
    expect(state()).toEqual(["connected"]);

    session.closed();
    expect(state()).toEqual(["gone"]);
    expect(fleet.connected()).toEqual([]);
    expect(fleet.find("fra-1")).toBeUndefined();
  });

  it("has no agent ready whose self-test is outstanding or failed, but those of older releases, which test nothing", () => {
    const session = fleet.join(identity({ selfTests: true }), recordingLink());
    fleet.join(identity({ agent: "old-1", selfTests: false }), recordingLink());
    const ready = (agent = "fra-1") => fleet.find(agent)?.ready;
    expect([ready(), ready("old-1")]).toEqual([false, true]);
    expect(fleet.find("fra-1")?.unfit).toBe("its self-test is not over");

    session.selfTest(selfTest({ problem: "no right to send; give it CAP_NET_RAW" }));
    expect(ready()).toBe(false);
    expect(fleet.find("fra-1")?.unfit).toBe("its self-test failed: no right to send; give it CAP_NET_RAW");
    session.selfTest(selfTest());
    expect([ready(), fleet.find("fra-1")?.unfit]).toEqual([true, null]);

    // Another session knows nothing of what an earlier one said.
    fleet.join(identity({ selfTests: true }), recordingLink());
    expect(ready()).toBe(false);
  });

  it("calls an agent drained only when nobody knows of work that is still on its way to it", () => {
    let isGranted = true;
    fleet.listen({
      joined: () => undefined,
      heartbeat: () => undefined,
      refused: () => undefined,
      holds: (agent) => agent === "fra-1" && isGranted,
    });
    const session = fleet.join(identity(), recordingLink());
    session.heartbeat(heartbeat(1));
    const drain = () => fleet.list().map((view) => view.drain);
    expect(drain()).toEqual([""]);
    fleet.setDrained(new Set(["fra-1"]));
    expect([drain(), fleet.find("fra-1")?.ready]).toEqual([["draining"], false]);
    isGranted = false;
    expect(drain()).toEqual(["drained"]);
  });

  it("keeps the first of two processes with one name as long as it is heard", () => {
    const first = recordingLink();
    fleet.join(identity(), first);
    clock.pass(DEFAULT_TIMING.leaseTtlMs - 1);
    expect(() => fleet.join(identity({ instance: "life-2" }), recordingLink())).toThrow(/fra-1 is connected already/);

    clock.pass(1);
    fleet.join(identity({ instance: "life-2" }), recordingLink());
    expect(first.ended).toContain("newer session");
    expect(fleet.list().map((view) => view.instance)).toEqual(["life-2"]);
  });

  it("lets the same process reconnect at once, and a restarted one as soon as the old stream has ended", () => {
    const old = recordingLink();
    const session = fleet.join(identity(), old);
    fleet.join(identity(), recordingLink());
    expect(old.ended).not.toBeNull();

    session.heartbeat(heartbeat(9));
    expect(heard).toEqual(["joined fra-1 life-1", "joined fra-1 life-1"]);

    session.closed();
    expect(fleet.connected()).toHaveLength(1);
    const second = fleet.join(identity(), recordingLink());
    second.closed();
    fleet.join(identity({ instance: "life-2" }), recordingLink());
    expect(heard.at(-1)).toBe("joined fra-1 life-2");
  });

  it("sends a plan before its first grant in a session only, and a revocation once", () => {
    const link = recordingLink();
    fleet.join(identity(), link);
    const agent = fleet.find("fra-1");
    const plan = {
      plan: "c/s",
      campaign: "c",
      stage: "synscan" as const,
      secret: new Uint8Array(16),
      ports: [80],
      variants: ["v1" as const],
      options: "linux",
      packetsPerSecond: 1,
      retries: 1,
      replyWindowMs: 1,
      maxTtl: 0,
      perPrefix: null,
      routerPacketsPerSecond: null,
      timing: null,
      source: { kind: "list" as const, size: 5 },
    };
    agent?.sendGrant(plan, { lease: "c/s#1", epoch: 1, plan: "c/s", from: 0, to: 1, targets: [] });
    agent?.sendGrant(plan, { lease: "c/s#2", epoch: 2, plan: "c/s", from: 1, to: 2, targets: [] });
    agent?.sendRevoke({ lease: "c/s#1", epoch: 1, reason: "x" });
    agent?.sendRevoke({ lease: "c/s#1", epoch: 1, reason: "x" });

    expect(link.sent.map((message) => message.kind)).toEqual(["plan", "grant", "grant", "revoke"]);
  });

  it("is not ready to take work while its stream is congested", () => {
    const link = recordingLink();
    fleet.join(identity(), link);
    expect(fleet.find("fra-1")?.ready).toBe(true);
    link.writable = false;
    expect(fleet.find("fra-1")?.ready).toBe(false);
  });

  it.each([
    ["a name with a dot", identity({ agent: "fra.1" }), /agent name "fra.1" must be letters/],
    ["a vantage point with a wildcard", identity({ vantage: "*" }), /vantage point "\*"/],
    ["no instance", identity({ instance: "" }), /no instance/],
    ["another protocol", identity({ protocol: 2 }), /speaks session protocol 2, .* speaks 1; install/],
    [
      "an old version",
      identity({ version: "0.0.9" }),
      /parallax-agent "0.0.9", .*\(parallax 0.1.0\) takes 0.1.0 or newer; update/,
    ],
    ["no version", identity({ version: "latest" }), /update parallax-agent/],
    ["a label with a comma", identity({ labels: { region: "a,b" } }), /label "region=a,b"/],
    ["an opened prefix that is none", identity({ opened: ["10/8"] }), /opens "10\/8", which is not a prefix/],
  ])("does not let in an agent with %s", (_, wrong, message) => {
    expect(() => fleet.join(wrong, recordingLink())).toThrow(SessionRefused);
    expect(() => fleet.join(wrong, recordingLink())).toThrow(message);
    expect(fleet.list()).toEqual([]);
  });

  it.each(["0.1.0", "0.1.1-rc.1", "0.10.0", "1.0.0"])("lets in an agent of version %s", (version) => {
    fleet.join(identity({ version }), recordingLink());
    expect(fleet.list()).toHaveLength(1);
  });
});
