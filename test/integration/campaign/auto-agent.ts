import type { AgentIdentity } from "../../../agent/identity/identity.js";
import type { Grant, Hello, LeaseMarks, Plan } from "../../../shared/generated/parallax/agent/v1/session.js";
import { connect, type Player } from "../session/player.js";

/** Shortened session times of these tests. */
export const TIMING = { heartbeatIntervalMs: 50, leaseTtlMs: 900, stopAfterMs: 600 };

interface Work {
  readonly grant: Grant;
  sent: bigint;
  done: bigint;
  committed: bigint;
  revoked: boolean;
  yielded: boolean;
  /** The heartbeat that first showed it as over; it is listed until that is acknowledged. */
  overIn: bigint | null;
}

/** An agent that works through its leases without sending anything. */
export interface AutoAgent {
  readonly name: string;
  readonly plans: Plan[];
  readonly grants: Grant[];
  readonly revoked: string[];
  readonly yields: string[];
  /** Leases that it works on. */
  undone(): readonly Grant[];
  readonly pauses: { readonly campaign: string; readonly paused: boolean }[];
  player: Player;
  /** Indices a heartbeat. */
  speed: number;
  /** What it may still ask. */
  held(): readonly { readonly done: bigint; readonly to: bigint }[];
  /** Plans of this pass are refused; null: none are. */
  refuses: string | null;
  /** While false nothing is committed. */
  publishing: boolean;
  /** Loses connection and process; what was done stays in the spool. */
  kill(): void;
  /** A new process on the same spool. */
  restart(port: number): void;
  /** The same process on a new stream. */
  reconnect(port: number): void;
  stop(): void;
}

export function startAgent(port: number, identity: AgentIdentity, hello: Partial<Hello>, speed = 40): AutoAgent {
  const { name } = identity;
  let life = 1;
  let working = new Map<string, Work>();
  let spool: Work[] = [];
  let timer: NodeJS.Timeout | null = null;

  const open = (at: number): void => {
    for (const work of working.values()) {
      work.overIn = null;
    }
    agent.player = connect(at, identity, { agent: name, instance: `${name}-${life}`, spool: `${name}-disk`, ...hello });
    timer = setInterval(() => beat(), TIMING.heartbeatIntervalMs);
  };
  const close = (): void => {
    if (timer !== null) {
      clearInterval(timer);
    }
    agent.player.close();
  };
  let seen = 0;
  const read = (): void => {
    for (const { body } of agent.player.received.slice(seen)) {
      seen++;
      if (body?.$case === "plan") {
        agent.plans.push(body.value);
      } else if (body?.$case === "grant") {
        const { from, lease, epoch } = body.value;
        agent.grants.push(body.value);
        if (agent.refuses !== null && body.value.plan.includes(`/${agent.refuses}/`)) {
          agent.player.send({ $case: "refusal", value: { lease, epoch, reason: "the kernel answers" } });
          continue;
        }
        working.set(body.value.lease, {
          grant: body.value,
          sent: from,
          done: from,
          committed: from,
          revoked: false,
          yielded: false,
          overIn: null,
        });
      } else if (body?.$case === "ack") {
        for (const [id, { overIn }] of working) {
          if (overIn !== null && overIn <= body.value.sequence) {
            working.delete(id);
          }
        }
      } else if (body?.$case === "pause") {
        agent.pauses.push(body.value);
      } else if (body?.$case === "yield") {
        const work = working.get(body.value.lease);
        if (work !== undefined) {
          agent.yields.push(body.value.lease);
          work.yielded = true;
        }
      } else if (body?.$case === "revoke") {
        agent.revoked.push(body.value.lease);
        const work = working.get(body.value.lease);
        if (work !== undefined) {
          work.revoked = true;
        }
      }
    }
  };
  const beat = (): void => {
    read();
    const least = (a: bigint, b: bigint) => (a < b ? a : b);
    for (const work of working.values()) {
      work.committed = agent.publishing ? work.done : work.committed;
      work.done = work.sent;
      const isPaused = agent.pauses.findLast(({ campaign }) => work.grant.plan.startsWith(`${campaign}/`))?.paused;
      work.sent =
        work.revoked || work.yielded || isPaused ? work.sent : least(work.grant.to, work.sent + BigInt(agent.speed));
    }
    spool = agent.publishing ? [] : spool;
    const marks = (work: Work): LeaseMarks => ({
      lease: work.grant.lease,
      epoch: work.grant.epoch,
      sent: work.sent,
      done: work.done,
      committed: work.committed,
      ...(work.yielded ? { endsAt: work.done } : {}),
    });
    const sequence = agent.player.heartbeat([...working.values(), ...spool].map(marks));
    for (const work of working.values()) {
      if (
        work.committed === (work.yielded ? work.done : work.grant.to) ||
        (work.revoked && work.committed === work.done)
      ) {
        work.overIn ??= sequence;
      }
    }
  };

  const agent: AutoAgent = {
    name,
    plans: [],
    grants: [],
    revoked: [],
    yields: [],
    undone: () => [...working.values()].filter(({ done, grant }) => done < grant.to).map(({ grant }) => grant),
    pauses: [],
    player: connect(port, identity, null),
    speed,
    held: () =>
      [...working.values()]
        .filter(({ revoked, done, grant }) => !revoked && done < grant.to)
        .map(({ done, grant }) => ({ done, to: grant.to })),
    refuses: null,
    publishing: true,
    kill() {
      close();
      spool = [...spool, ...working.values()].filter((work) => work.committed < work.done);
      working = new Map();
    },
    restart(at) {
      life++;
      seen = 0;
      open(at);
    },
    reconnect(at) {
      close();
      seen = 0;
      open(at);
    },
    stop: close,
  };
  agent.player.close();
  open(port);
  return agent;
}
