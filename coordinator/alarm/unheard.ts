import type { Clock } from "../lease/clock.js";
import type { AgentIdentity } from "../session/agent.js";
import type { Fleet } from "../session/fleet.js";
import type { AlarmSubject } from "./alarm.js";
import type { Alarms } from "./alarms.js";

/**
 * So many packets without one reply, over so long, are no accident: where one target in a thousand answers, a silence
 * of 10,000 packets (about 1,250 targets) has a chance of a third; where one in a hundred does, of 4 in a million.
 */
const UNANSWERED_PACKETS = 10_000;
/** Longer than any reply window of a scan that is not over yet. */
const SILENCE_MS = 10_000;

/** How an agent's counters stood when it was last known to hear. */
interface Hearing {
  readonly instance: string;
  readonly replies: number;
  readonly packets: number;
  readonly sinceMs: number;
}

/**
 * Raises an alarm when an agent sends and nothing at all comes back, whatever it asks. It does not wait for any reply:
 * a vantage point that hears nothing reports nothing else. An agent that does not send is not judged.
 */
export function watchForUnheard({ fleet, alarms, clock }: { fleet: Fleet; alarms: Alarms; clock: Clock }): void {
  const heard = new Map<string, Hearing>();
  const startedAtMs = clock.wallMs();
  alarms.drop(({ kind }) => kind === "unheard", "the coordinator started again and looks anew", startedAtMs);

  fleet.listen({
    joined: () => undefined,
    refused: () => undefined,
    heartbeat({ identity }, { stats }) {
      if (stats === null) {
        return;
      }
      const { agent, instance } = identity;
      const nowMs = clock.wallMs();
      const present = { instance, replies: stats.replies, packets: stats.packetsSent, sinceMs: nowMs };
      const before = heard.get(agent);
      if (before?.instance !== instance) {
        heard.set(agent, present);
        return;
      }
      const unanswered = present.packets - before.packets;
      if (unanswered === 0 || present.replies > before.replies) {
        heard.set(agent, present);
      }
      if (present.replies > before.replies) {
        alarms.observe(subjectOf(identity), { type: "right", atMs: nowMs });
      } else if (unanswered >= UNANSWERED_PACKETS && nowMs - before.sinceMs >= SILENCE_MS) {
        const answer = `${unanswered} packets without a reply`;
        alarms.observe(subjectOf(identity), { type: "wrong", expected: "replies", answer, atMs: nowMs });
      }
    },
    left({ identity }) {
      heard.delete(identity.agent);
      const isIts = (alarm: AlarmSubject) => alarm.kind === "unheard" && alarm.agent === identity.agent;
      alarms.drop(isIts, "the agent left", clock.wallMs());
    },
  });
}

function subjectOf({ agent, vantage }: AgentIdentity): AlarmSubject {
  return { kind: "unheard", campaign: "", vantage, agent, target: "", port: 0 };
}
