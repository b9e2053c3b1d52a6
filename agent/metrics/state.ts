import type { ReadMetric } from "../../shared/metrics/metric.js";
import type { AgentFacts } from "./facts.js";

/** Whether the agent can do its work. */
export const STATE_METRICS: readonly ReadMetric<AgentFacts>[] = [
  {
    name: "parallax_agent_info",
    type: "gauge",
    help: "Always 1: who the agent is",
    labels: ["agent", "vantage", "version", "driver"],
    read: ({ agent, vantage, driver, process }) => [
      { value: 1, labels: { agent, vantage, driver, version: process.version } },
    ],
  },
  {
    name: "parallax_agent_connected",
    type: "gauge",
    help: "1 while the coordinator has let this agent in",
    read: ({ connected }) => Number(connected),
  },
  {
    name: "parallax_agent_self_test_passed",
    type: "gauge",
    help: "1 if the last self-test found the agent fit for work, 0 if not; none before its end",
    read: ({ selfTestPassed }) => (selfTestPassed === null ? null : Number(selfTestPassed)),
  },
  {
    name: "parallax_agent_troubles",
    type: "gauge",
    help: "Parts that are not in order; the log and `parallax agents` name them",
    read: ({ troubles }) => troubles,
  },
  {
    name: "parallax_agent_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "End of the agent's certificate, Unix time; it is renewed after two thirds of its life",
    read: ({ certificateExpiresMs }) => certificateExpiresMs / 1_000,
  },
  {
    name: "parallax_agent_clock_offset_seconds",
    type: "gauge",
    help: "How far the coordinator's clock is ahead of this one, from the fastest of the last heartbeats",
    read: ({ clock }) => (clock === null ? null : clock.offsetUs / 1e6),
  },
  {
    name: "parallax_agent_coordinator_round_trip_seconds",
    type: "gauge",
    help: "Round trip of that heartbeat",
    read: ({ clock }) => (clock === null ? null : clock.roundTripUs / 1e6),
  },
];
