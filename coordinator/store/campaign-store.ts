import { parseAddress } from "../../shared/address/address.js";
import type { Target } from "../../shared/target/source.js";
import { type CampaignRecord, campaignCodec, type SourceRecord } from "../campaign/record.js";
import { scanVariants } from "../campaign/spec.js";
import type { CampaignStore, ListSize } from "../campaign/store.js";
import { buildJudgements } from "../compare/build.js";
import { buildViews } from "../compare/build-views.js";
import { listBlock } from "./list-block.js";
import type { Store } from "./store.js";
import { clickhouseTime } from "./time.js";

const IPV4_MAPPED = "target BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255')";

/** The campaigns' part of the database. Every method can be called again after a failure: it replaces what was there. */
export function createCampaignStore(store: Store): CampaignStore {
  const clearList = (campaign: string, source: string) =>
    store.removeRows("target_lists", "campaign = {campaign:String} AND source = {source:String}", { campaign, source });

  /**
   * Numbers what `where` chooses from the views, for each source, in an order that hides addresses' neighbourhood. By
   * `turnOf` a source begins so far along the circle of all hosts.
   */
  const freeze = async (
    record: CampaignRecord,
    sources: readonly SourceRecord[],
    where: (source: SourceRecord) => string,
    parameters: Readonly<Record<string, string | number | readonly string[]>>,
    { turnOf = null, viewsAreThere = false }: FreezeOptions = {},
  ): Promise<ListSize[]> => {
    if (!viewsAreThere) await buildViews(store, viewRequest(record));
    const sizes: ListSize[] = [];
    for (const source of sources) {
      await clearList(record.id, source.id);
      await store.command(
        `INSERT INTO target_lists (campaign, source, \`index\`, target, port)
         SELECT {campaign:String}, {source:String},
           row_number() OVER (ORDER BY ${turnOf === null ? SCATTERED : ROUND}, target, port) - 1, target, port
         FROM (
           SELECT DISTINCT target, port FROM target_views FINAL
           WHERE campaign = {campaign:String} AND has({ports:Array(UInt16)}, port)
             AND ${source.family === "v4" ? IPV4_MAPPED : `NOT (${IPV4_MAPPED})`} AND (${where(source)})
         )`,
        {
          ...parameters,
          campaign: record.id,
          source: source.id,
          ports: source.ports,
          vantage: source.vantage ?? "",
          turn: turnOf?.(source) ?? "0",
        },
      );
      sizes.push({ source: source.id, size: await listSize(store, record.id, source.id) });
    }
    return sizes;
  };

  const buildComparison = async (record: CampaignRecord): Promise<void> => {
    await buildViews(store, viewRequest(record));
    await buildJudgements(store, record.id);
  };

  return {
    async saveCampaign(record) {
      await store.insertRows("campaigns", [
        {
          id: record.id,
          series: record.series,
          state: record.state,
          record: campaignCodec.encode(record),
          created_at: clickhouseTime(record.createdAtMs),
          updated_at: clickhouseTime(Date.now()),
        },
      ]);
    },

    async saveTargetList(campaign, list, chunks) {
      await clearList(campaign, list);
      for await (const chunk of chunks) {
        await store.insertBlock("target_lists", listBlock(campaign, list, chunk), null);
      }
    },

    async saveCoverage(campaign, rows) {
      if (rows.length === 0) return;
      const saved_at = clickhouseTime(Date.now());
      await store.insertRows(
        "coverage",
        rows.map((row) => ({ ...row, campaign, saved_at })),
      );
    },

    freezeRecheckList: (record, { sources, verdicts, sample }) =>
      freeze(
        record,
        sources,
        () => `(has({verdicts:Array(String)}, verdict)
          OR sipHash64(target, port, {key:String}) % {denominator:UInt32} < {numerator:UInt32})
          AND (target, port) NOT IN (
            SELECT target, port FROM syn_replies WHERE campaign = {campaign:String} AND vantage = {vantage:String})`,
        {
          verdicts,
          key: Buffer.from(record.permutationKey).toString("hex"),
          numerator: sample?.numerator ?? 0,
          denominator: sample?.denominator ?? 1,
        },
      ),

    freezeVerifyList: (record, { sources, verdicts }) =>
      freeze(
        record,
        sources,
        () => `has({verdicts:Array(String)}, verdict) AND (target, port) IN (
          SELECT target, port FROM target_views FINAL WHERE campaign = {campaign:String} AND vantage = {vantage:String})`,
        { verdicts },
        { turnOf: (source) => turnOf(sources, source) },
      ),

    freezeTraceList: (record, { sources, verdicts }) =>
      freeze(
        record,
        sources,
        () => "has({verdicts:Array(String)}, verdict)",
        { verdicts },
        // Handshakes add nothing to what the answers to SYNs say.
        { viewsAreThere: record.spec.stages.verify !== undefined },
      ),

    async freezeTimingList(record, { sources, verdicts }) {
      await buildComparison(record);
      const sizes: ListSize[] = [];
      for (const source of sources) {
        const family = sources.filter((other) => other.family === source.family);
        const list = { campaign: record.id, source: source.id, lists: family.length, number: family.indexOf(source) };
        await clearList(record.id, source.id);
        await store.command(
          `INSERT INTO target_lists (campaign, source, \`index\`, target, port)
           SELECT {campaign:String}, {source:String},
             row_number() OVER (ORDER BY ${ROUND_NUMBER}, ${SCATTERED}, target, port) - 1, target, port
           FROM (
             SELECT DISTINCT target, port FROM target_classes FINAL
             WHERE campaign = {campaign:String} AND has({ports:Array(UInt16)}, port)
               AND ${source.family === "v4" ? IPV4_MAPPED : `NOT (${IPV4_MAPPED})`}
               AND has({verdicts:Array(String)}, host_verdict)
           )`,
          { ...list, ports: source.ports, verdicts },
        );
        const rounds = await roundsOf(store, list);
        sizes.push({ source: source.id, size: rounds.at(-1) ?? 0, rounds });
      }
      return sizes;
    },

    async listTargets(campaign, source, from, to) {
      const targets: Target[] = [];
      const sql = `SELECT toString(target) AS target, port FROM target_lists FINAL
        WHERE campaign = {campaign:String} AND source = {source:String}
          AND \`index\` >= {from:UInt64} AND \`index\` < {to:UInt64} ORDER BY \`index\``;
      for await (const row of store.rows(sql, { campaign, source, from, to })) {
        targets.push({ address: parseAddress(String(row.target)), port: Number(row.port) });
      }
      return targets;
    },

    buildComparison,
  };
}

interface FreezeOptions {
  readonly turnOf?: ((source: SourceRecord) => string) | null;
  /** Made for the pass before, and still what the facts say. */
  readonly viewsAreThere?: boolean;
}

/** An order in which neighbours are far apart. */
const SCATTERED = "sipHash64(target, port, {campaign:String})";
/** The same for hosts with all their ports, as a circle of 2^64 places: sums wrap. */
const ROUND = "sipHash64(target, {campaign:String}) + {turn:UInt64}";

/**
 * The round in which a list has a host, of as many as there are lists of its family: hosts are in as many parts, and each
 * list has another part in each round.
 */
const ROUND_NUMBER =
  "(sipHash64(target, {campaign:String}) % {lists:UInt32} + {lists:UInt32} - {number:UInt32}) % {lists:UInt32}";

/** Where a source begins on the circle: those of a family share it out among them. */
function turnOf(sources: readonly SourceRecord[], source: SourceRecord): string {
  const family = sources.filter((other) => other.family === source.family);
  return String((2n ** 64n * BigInt(family.indexOf(source))) / BigInt(family.length));
}

function viewRequest(record: CampaignRecord) {
  return {
    campaign: record.id,
    everywhere: record.spec.placement.mode === "replicate" ? record.vantages : [],
    variants: scanVariants(record.spec),
  };
}

/** Where the rounds of a frozen list end. */
async function roundsOf(
  store: Store,
  list: Readonly<Record<"campaign" | "source", string>> & Readonly<Record<"lists" | "number", number>>,
): Promise<number[]> {
  const sql = `SELECT ${ROUND_NUMBER} AS round, count() AS n FROM target_lists FINAL
    WHERE campaign = {campaign:String} AND source = {source:String} GROUP BY round`;
  const counts = new Array<number>(list.lists).fill(0);
  for await (const row of store.rows(sql, list)) counts[Number(row.round)] = Number(row.n);
  let end = 0;
  return counts.map((count) => {
    end += count;
    return end;
  });
}

async function listSize(store: Store, campaign: string, source: string): Promise<number> {
  const sql =
    "SELECT count() AS n FROM target_lists FINAL WHERE campaign = {campaign:String} AND source = {source:String}";
  for await (const row of store.rows(sql, { campaign, source })) return Number(row.n);
  return 0;
}
