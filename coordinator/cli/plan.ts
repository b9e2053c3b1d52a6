import { columns } from "../../shared/cli/table.js";
import type { CampaignPlan } from "../campaign/estimate.js";

/** A plan as lines. */
export function planText(plan: CampaignPlan): string {
  const { answering, interesting, hops, answeringHops, synBytes } = plan.assumptions;
  const count = (value: number): string => Math.round(value).toLocaleString("en-US");
  return [
    `${plan.series}: nothing is sent; the campaign would send about ${count(plan.packets)} packets in ${hours(plan.hours)} and make ${count(plan.rows)} rows`,
    "",
    columns([
      ["ports", "family", "targets"],
      ...plan.targets.map(({ ports, family, targets }) => [ports.join(", "), family, count(targets)]),
    ]),
    "",
    columns([
      ["pass", "targets", "packets", "rows", "time"],
      ...plan.passes.map(({ pass, targets, packets, rows, hours: time }) => [
        pass,
        count(targets),
        count(packets),
        count(rows),
        hours(time),
      ]),
    ]),
    "",
    plan.agents.length === 0
      ? "no agent would take part"
      : columns([
          ["agent", "vantage", "packets/s", "packets", "bytes"],
          ...plan.agents.map(({ agent, vantage, packetsPerSecond, packets, bytes }) => [
            agent,
            vantage,
            count(packetsPerSecond),
            count(packets),
            count(bytes),
          ]),
        ]),
    ...plan.leftOut.map(({ why, addresses }) => `left out: ${count(addresses)} IPv4 addresses: ${why}`),
    ...plan.notes.map((note) => `note: ${note}`),
    "",
    `assumed: ${percent(answering)} of targets answer; later passes ask ${percent(interesting)} of them from each vantage point; ` +
      `targets are ${hops} hops away and ${percent(answeringHops)} of hops answer; a SYN has ${synBytes.v4} bytes (IPv6: ${synBytes.v6})`,
    ...(plan.problems.length === 0
      ? ["nothing keeps it from starting"]
      : plan.problems.map((text) => `PROBLEM: ${text}`)),
  ].join("\n");
}

function hours(value: number): string {
  return value >= 1 ? `${value.toFixed(1)} h` : `${(value * 60).toFixed(1)} min`;
}

function percent(share: number): string {
  return `${100 * share} %`;
}
