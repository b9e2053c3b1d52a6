import type { CampaignRecord, Pass } from "./record.js";
import { laterSources, scanSources } from "./sources.js";
import { parseShare } from "./spec.js";
import type { CampaignStore, ListSize } from "./store.js";

type Sources = CampaignRecord["sources"];

/** The sources of a pass; those of a later pass from what the store froze, without empty ones. */
export async function preparePass(record: CampaignRecord, pass: Pass, store: CampaignStore): Promise<Sources> {
  if (pass === "synscan") return scanSources(record);
  const sources = laterSources(record, pass);
  const sizes = await freeze(record, pass, sources, store);
  const found = new Map(sizes.map(({ source, size, rounds = [] }) => [source, { size, rounds }]));
  return sources.map((source) => ({ ...source, ...found.get(source.id) })).filter((source) => source.size > 0);
}

function freeze(
  record: CampaignRecord,
  pass: Exclude<Pass, "synscan">,
  sources: Sources,
  store: CampaignStore,
): Promise<readonly ListSize[]> {
  const { stages, placement } = record.spec;
  switch (pass) {
    case "recheck": {
      const { verdicts = [], sample } = placement.recheck ?? {};
      const share = sample === undefined ? null : parseShare(sample);
      return store.freezeRecheckList(record, { sources, verdicts, sample: share });
    }
    case "verify":
      return store.freezeVerifyList(record, { sources, verdicts: stages.verify?.from ?? [] });
    case "tracebox":
      return store.freezeTraceList(record, { sources, verdicts: stages.tracebox?.from ?? [] });
    case "timing":
      return store.freezeTimingList(record, { sources, verdicts: stages.timing?.from ?? [] });
  }
}
