import type { ReadMetric } from "../../shared/metrics/metric.js";
import { GATE_REASONS } from "../lease/gate.js";
import type { AgentFacts } from "./facts.js";

/** Packets out, packets in, and what holds sending up. */
export const PROBING_METRICS: readonly ReadMetric<AgentFacts>[] = [
  {
    name: "parallax_agent_probes_sent_total",
    type: "counter",
    help: "Packets sent: probes with their retries, and those of handshakes",
    read: ({ network }) => network.packetsSent,
  },
  {
    name: "parallax_agent_replies_total",
    type: "counter",
    help: "Packets taken in that answer a probe of a lease held here; with probes_sent_total, the hit rate",
    read: ({ network }) => network.replies,
  },
  {
    name: "parallax_agent_packets_rejected_total",
    type: "counter",
    help: "Packets taken in that are no answer: `foreign` does not validate, `malformed` does not decode, `unclaimed` answers a lease that is over",
    labels: ["reason"],
    read: ({ network }) =>
      (["foreign", "malformed", "unclaimed"] as const).map((reason) => ({
        value: network[reason],
        labels: { reason },
      })),
  },
  {
    name: "parallax_agent_send_errors_total",
    type: "counter",
    help: "Packets or batches that the kernel did not take",
    read: ({ network }) => network.sendErrors,
  },
  {
    name: "parallax_agent_receive_drops_total",
    type: "counter",
    help: "Packets that the kernel dropped because the receive ring was full",
    read: ({ network }) => network.kernelDrops,
  },
  {
    name: "parallax_agent_rate_limit_packets_per_second",
    type: "gauge",
    help: "The agent's own cap",
    read: ({ packetsPerSecond }) => packetsPerSecond,
  },
  {
    name: "parallax_agent_rate_limit_waits_total",
    type: "counter",
    help: "Times that a sender waited for the rate; many are normal at the cap",
    read: ({ network }) => network.rateWaits,
  },
  {
    name: "parallax_agent_gate_shut",
    type: "gauge",
    help: "1 while nothing may be sent, by reason: no coordinator, spool full, disk too slow",
    labels: ["reason"],
    read: ({ shut }) => GATE_REASONS.map((reason) => ({ value: Number(reason === shut), labels: { reason } })),
  },
  {
    name: "parallax_agent_gate_pauses_total",
    type: "counter",
    help: "Times that the gate before the senders was shut, by reason",
    labels: ["reason"],
    read: ({ gatePauses }) => GATE_REASONS.map((reason) => ({ value: gatePauses[reason], labels: { reason } })),
  },
  {
    name: "parallax_agent_leases",
    type: "gauge",
    help: "Leases that are being probed",
    read: ({ leases }) => leases,
  },
];
