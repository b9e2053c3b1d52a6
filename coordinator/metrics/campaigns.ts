import type { ReadMetric, Sample } from "../../shared/metrics/metric.js";
import type { CampaignProgress } from "../campaign/progress.js";
import type { CoordinatorFacts } from "./facts.js";

const LABELS = ["campaign"] as const;

/** One series a campaign that runs: those that are over are in the tables. */
function running(value: (campaign: CampaignProgress) => number) {
  return ({ campaigns }: CoordinatorFacts): Sample[] =>
    campaigns
      .filter(({ state }) => state === "running")
      .map((campaign) => ({ value: value(campaign), labels: { campaign: campaign.id } }));
}

/** How far campaigns are. Marks are those of the pass that runs, and begin anew with the next one. */
export const CAMPAIGN_METRICS: readonly ReadMetric<CoordinatorFacts>[] = [
  {
    name: "parallax_campaigns",
    type: "gauge",
    help: "Campaigns by state",
    labels: ["state"],
    read: ({ campaigns }) =>
      [...new Set(["running", ...campaigns.map(({ state }) => state)])].map((state) => ({
        value: campaigns.filter((campaign) => campaign.state === state).length,
        labels: { state },
      })),
  },
  {
    name: "parallax_campaign_targets",
    type: "gauge",
    help: "Targets of the pass that runs",
    labels: LABELS,
    read: running(({ marks }) => marks.size),
  },
  {
    name: "parallax_campaign_targets_sent",
    type: "gauge",
    help: "Targets of the pass whose probes are out",
    labels: LABELS,
    read: running(({ marks }) => marks.sent),
  },
  {
    name: "parallax_campaign_targets_done",
    type: "gauge",
    help: "Targets of the pass whose reply windows are over and whose rows are on a disk",
    labels: LABELS,
    read: running(({ marks }) => marks.done),
  },
  {
    name: "parallax_campaign_targets_committed",
    type: "gauge",
    help: "Targets of the pass whose rows are in the tables",
    labels: LABELS,
    read: running(({ marks }) => marks.committed),
  },
  {
    name: "parallax_campaign_packets_per_second",
    type: "gauge",
    help: "What the campaign's agents send, as they say",
    labels: LABELS,
    read: running(({ packetsPerSecond }) => packetsPerSecond),
  },
  {
    name: "parallax_campaign_agents",
    type: "gauge",
    help: "Agents that hold leases of the campaign",
    labels: LABELS,
    read: running(({ sources }) => new Set(sources.flatMap(({ agents }) => agents)).size),
  },
  {
    name: "parallax_campaign_paused",
    type: "gauge",
    help: "1 while the operator keeps the campaign from sending",
    labels: LABELS,
    read: running(({ paused }) => Number(paused)),
  },
  {
    name: "parallax_campaign_waiting",
    type: "gauge",
    help: "Reasons that keep the campaign waiting; `parallax campaign watch` names them",
    labels: LABELS,
    read: running(({ waiting }) => waiting.length),
  },
];
