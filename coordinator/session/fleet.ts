import type { SessionTiming } from "../../shared/lease/protocol.js";
import type { AgentStats } from "../../shared/lease/work.js";
import { type OptOutList, optOutList } from "../../shared/optout/list.js";
import type { FromAgent } from "../../shared/selftest/exchange.js";
import type { SelfTest } from "../../shared/selftest/self-test.js";
import type { Clock } from "../lease/clock.js";
import { type SelfTestView, selfTestView } from "../vantage/view.js";
import { type AgentIdentity, type AgentLink, type Heartbeat, type Refusal, SessionRefused } from "./agent.js";
import { type ConnectedAgent, connectedAgent } from "./connected.js";
import { optOutParts } from "./convert.js";
import { checkHello, type Versions } from "./hello.js";

/** Agents that left and are still listed. */
const REMEMBERED = 10_000;

/**
 * - `connected`: heard within the stop time
 * - `silent`: its stream is open, but nothing came for so long that it has stopped sending
 * - `gone`: its stream has ended
 */
export type AgentState = "connected" | "silent" | "gone";

/** What the operator sees of an agent. Times are Unix milliseconds. */
export interface AgentView extends AgentIdentity {
  readonly state: AgentState;
  readonly connectedAtMs: number;
  readonly lastSeenAtMs: number;
  readonly stats: AgentStats | null;
  /** Leases in its last heartbeat. */
  readonly leases: number;
  /** Revision of the opt-outs that hold there; 0: it has not said so in this session. */
  readonly optOutRevision: number;
  /** It gets no more work: `draining` until it holds none and its spool is empty, then `drained`; else empty. */
  readonly drain: "draining" | "drained" | "";
  /** What it found out about itself in this session; null: nothing yet, or it is of an older release. */
  readonly selfTest: SelfTestView | null;
}

/** What the campaigns want to know. Called one after another, in the order of the agent's messages. */
export interface FleetListener {
  joined(agent: ConnectedAgent): void;
  heartbeat(agent: ConnectedAgent, heartbeat: Heartbeat, first: boolean): void;
  refused(agent: ConnectedAgent, refusal: Refusal): void;
  /** It has tested itself. */
  selfTested?(agent: ConnectedAgent, report: SelfTest): void;
  /** It says something about an exchange of SYNs. */
  exchange?(agent: ConnectedAgent, message: FromAgent): void;
  /** Its stream has ended; it may come back. */
  left?(agent: ConnectedAgent): void;
  /** Whether an agent of this name has work, by what it was given: the grant may still be on its way. */
  holds?(agent: string): boolean;
}

/** The session server's handle of one session. */
export interface FleetSession {
  heartbeat(heartbeat: Heartbeat): void;
  refusal(refusal: Refusal): void;
  selfTest(report: SelfTest): void;
  exchange(message: FromAgent): void;
  /** The stream has ended, from whichever side. */
  closed(): void;
}

export interface Fleet {
  readonly timing: SessionTiming;
  /**
   * Takes an agent in. Throws SessionRefused. Of two processes with one name the first stays as long as it is heard:
   * letting the newcomer win would make two machines with the same name throw each other out for ever. A restarted
   * process is let in at once when its old stream has ended, at the latest after `leaseTtlMs`.
   */
  join(identity: AgentIdentity, link: AgentLink): FleetSession;
  /** Everything that ever connected (gone ones up to a bound), by name. */
  list(): AgentView[];
  /** Agents with an open session. */
  connected(): readonly ConnectedAgent[];
  find(agent: string): ConnectedAgent | undefined;
  listen(listener: FleetListener): void;
  readonly optOuts: OptOutList;
  /** Tells every agent that does not hold this list, and those that come. */
  setOptOuts(list: OptOutList): void;
  /** Agents by name that get no more work; the set may change later. */
  setDrained(agents: ReadonlySet<string>): void;
}

interface Member {
  readonly identity: AgentIdentity;
  readonly link: AgentLink;
  readonly agent: ConnectedAgent;
  readonly connectedAtMs: number;
  open: boolean;
  heardAtMs: number;
  lastSeenAtMs: number;
  sequence: number;
  stats: AgentStats | null;
  leases: number;
  optOuts: number;
  selfTest: SelfTest | null;
}

export interface FleetOptions {
  readonly clock: Clock;
  readonly timing: SessionTiming;
  readonly versions: Versions;
  /** Told of each grant how long after the agent's last message it left, in seconds. */
  readonly onGrant?: (seconds: number) => void;
}

export function createFleet(options: FleetOptions): Fleet {
  const { clock, timing, versions } = options;
  const members = new Map<string, Member>();
  const listeners: FleetListener[] = [];
  let optOuts = optOutList(0, []);
  let drained: ReadonlySet<string> = new Set();
  /** Null after somebody came or left. */
  let present: readonly ConnectedAgent[] | null = null;

  const isHeard = (member: Member, withinMs: number) => clock.monotonicMs() - member.heardAtMs < withinMs;

  const stateOf = (member: Member): AgentState => {
    if (!member.open) {
      return "gone";
    }
    return isHeard(member, timing.stopAfterMs) ? "connected" : "silent";
  };

  const leave = (member: Member): void => {
    if (member.open) {
      member.open = false;
      present = null;
      for (const listener of listeners) {
        listener.left?.(member.agent);
      }
    }
  };

  const displace = (identity: AgentIdentity): void => {
    const other = members.get(identity.agent);
    if (other === undefined) {
      return;
    }
    const sameProcess = other.identity.instance === identity.instance;
    if (other.open && !sameProcess && isHeard(other, timing.leaseTtlMs)) {
      throw new SessionRefused(
        "name-taken",
        `an agent named ${identity.agent} is connected already (vantage point ${other.identity.vantage}); give one of ` +
          `the two another name, or wait ${timing.leaseTtlMs / 1_000} s after the other has stopped`,
      );
    }
    if (other.open) {
      leave(other);
      other.link.end("a newer session of this agent has taken over");
    }
    members.delete(identity.agent);
  };

  const forgetOldest = (): void => {
    for (const [name, member] of members) {
      if (members.size <= REMEMBERED) {
        return;
      }
      if (!member.open) {
        members.delete(name);
      }
    }
  };

  const admit = (identity: AgentIdentity, link: AgentLink): Member => {
    const now = clock.wallMs();
    const member: Member = {
      identity,
      link,
      agent: connectedAgent(identity, link, {
        isConnected: () => stateOf(member) === "connected",
        lacksOptOuts: () => member.optOuts < optOuts.revision,
        isDrained: () => drained.has(identity.agent),
        unfit: () => unfitness(member),
        packetsPerSecond: () => member.stats?.packetsPerSecond ?? 0,
        granted: () => options.onGrant?.((clock.monotonicMs() - member.heardAtMs) / 1_000),
      }),
      connectedAtMs: now,
      open: true,
      heardAtMs: clock.monotonicMs(),
      lastSeenAtMs: now,
      sequence: -1,
      stats: null,
      leases: 0,
      // A list that it brought along is in force there.
      optOuts: identity.optOuts === optOuts.hash ? optOuts.revision : 0,
      selfTest: null,
    };
    members.set(identity.agent, member);
    present = null;
    forgetOldest();
    return member;
  };

  const tellOptOuts = ({ link, identity, optOuts: held }: Member): void => {
    if (held >= optOuts.revision && identity.optOuts === optOuts.hash) return;
    // Nobody has ever opted out, and there is nothing to tell.
    if (identity.optOuts === "" && optOuts.revision === 0) return;
    const parts = optOutParts(optOuts);
    for (let part = 0; part < parts; part++) link.send({ kind: "opt-outs", list: optOuts, part, parts });
  };

  const drainOf = ({ identity, leases, stats }: Member): AgentView["drain"] => {
    const { agent } = identity;
    if (!drained.has(agent)) return "";
    if (listeners.some((listener) => listener.holds?.(agent) === true)) return "draining";
    return leases === 0 && (stats?.spoolBytes ?? 0) === 0 ? "drained" : "draining";
  };

  const hear = (member: Member): void => {
    member.heardAtMs = clock.monotonicMs();
    member.lastSeenAtMs = clock.wallMs();
  };

  return {
    timing,
    join(identity, link) {
      checkHello(identity, versions);
      displace(identity);
      const member = admit(identity, link);
      tellOptOuts(member);
      for (const listener of listeners) {
        listener.joined(member.agent);
      }
      return {
        heartbeat(heartbeat) {
          if (!member.open || heartbeat.sequence <= member.sequence) {
            return;
          }
          const first = member.sequence < 0;
          member.sequence = heartbeat.sequence;
          member.stats = heartbeat.stats ?? member.stats;
          member.leases = heartbeat.leases.length;
          member.optOuts = Math.max(member.optOuts, heartbeat.optOuts);
          hear(member);
          link.send({ kind: "ack", sequence: heartbeat.sequence, clockUs: Math.round(clock.wallMs() * 1_000) });
          for (const listener of listeners) {
            listener.heartbeat(member.agent, heartbeat, first);
          }
        },
        refusal(refusal) {
          if (!member.open) {
            return;
          }
          hear(member);
          for (const listener of listeners) {
            listener.refused(member.agent, refusal);
          }
        },
        selfTest(report) {
          if (!member.open) return;
          hear(member);
          member.selfTest = report;
          for (const listener of listeners) listener.selfTested?.(member.agent, report);
        },
        exchange(message) {
          if (!member.open) return;
          hear(member);
          for (const listener of listeners) listener.exchange?.(member.agent, message);
        },
        closed: () => leave(member),
      };
    },
    list() {
      const views = [...members.values()].map(
        (member): AgentView => ({
          ...member.identity,
          state: stateOf(member),
          connectedAtMs: member.connectedAtMs,
          lastSeenAtMs: member.lastSeenAtMs,
          stats: member.stats,
          leases: member.leases,
          optOutRevision: member.optOuts,
          drain: drainOf(member),
          selfTest: member.selfTest === null ? null : selfTestView(member.selfTest),
        }),
      );
      return views.sort((a, b) => (a.agent < b.agent ? -1 : 1));
    },
    connected() {
      present ??= [...members.values()].filter((member) => member.open).map((member) => member.agent);
      return present;
    },
    find(agent) {
      const member = members.get(agent);
      return member?.open === true ? member.agent : undefined;
    },
    listen(listener) {
      listeners.push(listener);
    },
    get optOuts() {
      return optOuts;
    },
    setDrained(agents) {
      drained = agents;
    },
    setOptOuts(list) {
      optOuts = list;
      for (const member of members.values()) if (member.open && member.optOuts < list.revision) tellOptOuts(member);
    },
  };
}

/** Agents of older releases do not test themselves, and work. */
function unfitness({ identity, selfTest }: Member): string | null {
  if (!identity.selfTests) return null;
  if (selfTest === null) return "its self-test is not over";
  return selfTest.problem === "" ? null : `its self-test failed: ${selfTest.problem}`;
}
