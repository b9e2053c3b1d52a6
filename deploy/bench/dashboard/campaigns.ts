import { join } from "node:path";
import { startBroker } from "../../../coordinator/broker/broker.js";
import { dialBroker } from "../../../coordinator/broker/dial.js";
import { newCampaign } from "../../../coordinator/campaign/create.js";
import { type CampaignRecord, campaignCodec } from "../../../coordinator/campaign/record.js";
import { laterSources, scanSources } from "../../../coordinator/campaign/sources.js";
import { createControl } from "../../../coordinator/control/control.js";
import { openIdentity } from "../../../coordinator/identity/service.js";
import { optOutList } from "../../../shared/optout/list.js";
import { VERSION } from "../../../shared/version.js";
import { CAMPAIGN, EARLIER, VANTAGES } from "../query/facts.js";

const FILE = `
series: bench
targets: { ipv4: [0.0.0.0/0] }
ports: [80, 443]
placement: { mode: replicate }
stages:
  synscan: { mptcp: [v0, v1], control: true }
  verify: { from: [claims-v0, claims-v1] }
  tracebox: { from: [claims-v0, claims-v1, echo] }
seed: 42
`;
/** The facts' first reply is of this moment, and each campaign of another week. */
const FIRST_MS = 1_750_000_000_000;
const WEEK_MS = 604_800_000;
const TOOK_MS = 108_000_000;

/** Gives the coordinator of a data folder the campaigns whose facts are in its tables, as campaigns that are over. */
export async function recordCampaigns(data: string, say: (text: string) => void): Promise<void> {
  const identity = await openIdentity({ data, publicNames: [], nowMs: Date.now });
  const broker = await startBroker({
    ...{ folder: join(data, "broker"), host: "127.0.0.1", port: 0, tls: identity.tls },
    accounts: await identity.brokerAccounts(),
    onExit: (reason) => say(`broker: ${reason}`),
  });
  try {
    const connection = await dialBroker(broker.url, identity.brokerClients.coordinator);
    try {
      const control = await createControl(connection);
      for (const [week, id] of [...EARLIER, CAMPAIGN].entries()) {
        const key = `campaigns.${id}`;
        if ((await control.load(key, campaignCodec)) === null) {
          await control.create(key, campaignCodec, finished(id, FIRST_MS + week * WEEK_MS));
        }
      }
    } finally {
      await connection.close();
    }
  } finally {
    await broker.stop();
  }
}

function finished(id: string, startedAtMs: number): CampaignRecord {
  const { record } = newCampaign({
    ...{ file: { text: FILE }, hitlist: null, agents: [], wallMs: startedAtMs, isTaken: () => false },
    ...{ random: (bytes) => new Uint8Array(bytes), coordinatorVersion: VERSION, optOuts: optOutList(0, []) },
  });
  const run = { ...record, id, vantages: VANTAGES };
  return {
    ...run,
    ...{ state: "finished", step: { name: "comparing" }, startedAtMs, finishedAtMs: startedAtMs + TOOK_MS },
    sources: [...scanSources(run), ...laterSources(run, "verify"), ...laterSources(run, "tracebox")],
  };
}
