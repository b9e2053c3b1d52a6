import type { CampaignRecord } from "../../../coordinator/campaign/record.js";
import type { CampaignStore, CoverageRow, ListSize } from "../../../coordinator/campaign/store.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { Target } from "../../../shared/target/source.js";

/** The store's port in memory. Later lists get `chosen` targets each; `failing` makes every call reject. */
export function createMemoryStore(chosen: number) {
  const lists = new Map<string, readonly Target[]>();
  const coverage = new Map<string, CoverageRow>();
  const records = new Map<string, CampaignRecord>();
  const compared: string[] = [];
  const state = { failing: false };
  const work = async <T>(run: () => T): Promise<T> => {
    if (state.failing) {
      throw new Error("the warehouse does not answer");
    }
    return run();
  };
  const freeze = (record: CampaignRecord, sources: CampaignRecord["sources"]): ListSize[] =>
    sources.map(({ id, ports, family }) => {
      const targets = Array.from({ length: chosen }, (_, i) => ({
        address: parseAddress(family === "v4" ? `198.18.0.${i}` : `2001:db8::${i}`),
        port: ports[0] ?? 0,
      }));
      lists.set(`${record.id} ${id}`, targets);
      return { source: id, size: chosen };
    });

  const store: CampaignStore = {
    saveCampaign: (record) => work(() => void records.set(record.id, record)),
    saveTargetList: async (campaign, list, chunks) => {
      const targets: Target[] = [];
      for await (const { indices, addresses, ports } of chunks) {
        indices.forEach((index, i) => {
          targets[index] = { address: addresses.slice(16 * i, 16 * i + 16), port: ports[i] ?? 0 };
        });
      }
      return work(() => void lists.set(`${campaign} ${list}`, targets));
    },
    saveCoverage: (campaign, rows) =>
      work(() => {
        for (const row of rows) {
          coverage.set([campaign, row.source, row.kind, row.epoch, row.from].join(" "), row);
        }
      }),
    freezeRecheckList: (record, { sources }) => work(() => freeze(record, sources)),
    freezeVerifyList: (record, { sources }) => work(() => freeze(record, sources)),
    freezeTraceList: (record, { sources }) => work(() => freeze(record, sources)),
    // As many hosts in each round.
    freezeTimingList: (record, { sources }) =>
      work(() =>
        freeze(record, sources).map((list) => ({
          ...list,
          rounds: sources.map((_, round) => Math.floor(((round + 1) * list.size) / sources.length)),
        })),
      ),
    listTargets: (campaign, list, from, to) =>
      work(() => {
        const targets = lists.get(`${campaign} ${list}`);
        if (targets === undefined) {
          throw new Error(`there is no list ${list}`);
        }
        return targets.slice(from, to);
      }),
    buildComparison: (record) => work(() => void compared.push(record.id)),
  };
  return { store, state, lists, coverage, records, compared };
}

export type MemoryStore = ReturnType<typeof createMemoryStore>;

/** Asked intervals of a campaign's source, ascending. */
export function askedOf(memory: MemoryStore, campaign: string, source: string): (readonly [number, number])[] {
  return [...memory.coverage.entries()]
    .filter(([key, row]) => key.startsWith(`${campaign} `) && row.source === source && row.kind === "asked")
    .map(([, { from, to }]) => [from, to] as const)
    .sort(([a], [b]) => a - b);
}

/** Where asked intervals end that begin at 0 and follow one another without a gap or an overlap; NaN for others. */
export function endOf(asked: readonly (readonly [number, number])[]): number {
  return asked.reduce((end, [from, to]) => (from === end ? to : Number.NaN), 0);
}
