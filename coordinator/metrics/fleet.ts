import type { HistogramMetric, ReadMetric, Sample } from "../../shared/metrics/metric.js";
import { ALARM_KINDS } from "../alarm/alarm.js";
import type { AgentView } from "../session/fleet.js";
import type { CoordinatorFacts } from "./facts.js";

/** An agent that left is listed so long; one that was drained first is not missed. */
const LISTED_MS = 24 * 3_600_000;
const LABELS = ["agent", "vantage"] as const;

/** One series an agent of the last day. */
function each(value: (agent: AgentView, facts: CoordinatorFacts) => number | null | undefined) {
  return (facts: CoordinatorFacts): Sample[] =>
    facts.agents
      .filter(({ lastSeenAtMs, state }) => state !== "gone" || facts.nowMs - lastSeenAtMs < LISTED_MS)
      .filter(({ state, drain }) => state !== "gone" || drain === "")
      .flatMap((agent) => {
        const found = value(agent, facts);
        const labels = { agent: agent.agent, vantage: agent.vantage };
        return found === null || found === undefined ? [] : [{ value: found, labels }];
      });
}

/** Agents as the coordinator sees them: enough to watch a fleet without reaching any of its machines. */
export const FLEET_METRICS: readonly ReadMetric<CoordinatorFacts>[] = [
  {
    name: "parallax_fleet_agents",
    type: "gauge",
    help: "Agents by state; `connected` is the number of sessions",
    labels: ["state"],
    read: ({ agents }) =>
      (["connected", "silent", "gone"] as const).map((state) => ({
        value: agents.filter((agent) => agent.state === state).length,
        labels: { state },
      })),
  },
  {
    name: "parallax_fleet_agent_up",
    type: "gauge",
    help: "1 while an agent is heard; 0 for a day after it left without having been drained",
    labels: LABELS,
    read: each(({ state }) => Number(state === "connected")),
  },
  {
    name: "parallax_fleet_agent_last_seen_timestamp_seconds",
    type: "gauge",
    help: "When an agent was heard last, Unix time",
    labels: LABELS,
    read: each(({ lastSeenAtMs }) => lastSeenAtMs / 1_000),
  },
  {
    name: "parallax_fleet_packets_sent_total",
    type: "counter",
    help: "Packets that an agent says it has sent",
    labels: LABELS,
    read: each(({ stats }) => stats?.packetsSent),
  },
  {
    name: "parallax_fleet_replies_total",
    type: "counter",
    help: "Replies that an agent says it has had",
    labels: LABELS,
    read: each(({ stats }) => stats?.replies),
  },
  {
    name: "parallax_fleet_send_errors_total",
    type: "counter",
    help: "Packets or batches that an agent's kernel did not take",
    labels: LABELS,
    read: each(({ stats }) => stats?.sendErrors),
  },
  {
    name: "parallax_fleet_receive_drops_total",
    type: "counter",
    help: "Packets that an agent's kernel dropped because the receive ring was full",
    labels: LABELS,
    read: each(({ stats }) => stats?.kernelDrops),
  },
  {
    name: "parallax_fleet_spool_bytes",
    type: "gauge",
    help: "Bytes in an agent's spool",
    labels: LABELS,
    read: each(({ stats }) => stats?.spoolBytes),
  },
  {
    name: "parallax_fleet_leases",
    type: "gauge",
    help: "Leases in an agent's last heartbeat",
    labels: LABELS,
    read: each(({ leases }) => leases),
  },
  {
    name: "parallax_fleet_clock_offset_seconds",
    type: "gauge",
    help: "How far this clock is ahead of an agent's, from its self-test",
    labels: LABELS,
    read: each(({ selfTest }) => (selfTest?.clock ? selfTest.clock.offsetUs / 1e6 : null)),
  },
  {
    name: "parallax_fleet_self_test_passed",
    type: "gauge",
    help: "1 if an agent's self-test found it fit for work, 0 if not",
    labels: LABELS,
    read: each(({ selfTest }) => (selfTest === null ? null : Number(selfTest.problem === ""))),
  },
  {
    name: "parallax_fleet_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "End of an agent's newest certificate, Unix time; agents renew theirs after two thirds of its life",
    labels: LABELS,
    read: each(({ agent }, { agentCertificates }) => {
      const ends = agentCertificates.get(agent);
      return ends === undefined ? null : ends / 1_000;
    }),
  },
  {
    name: "parallax_alarms_open",
    type: "gauge",
    help: "Alarms that are on: `canary` does not answer as it should, `unheard` sends and hears nothing",
    labels: ["kind"],
    read: ({ alarms }) =>
      ALARM_KINDS.map((kind) => ({ value: alarms.filter((alarm) => alarm.kind === kind).length, labels: { kind } })),
  },
  {
    name: "parallax_opt_outs",
    type: "gauge",
    help: "Prefixes that have opted out",
    read: ({ optOuts }) => optOuts,
  },
];

export const GRANT_LATENCY: HistogramMetric = {
  name: "parallax_grant_latency_seconds",
  help: "From an agent's heartbeat to the grant that leaves for it; its count is the number of grants",
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
};
