import { z } from "zod";
import { VARIANTS } from "../../shared/probe/variant.js";
import { PAIR_VERDICTS, SYN_VERDICTS } from "../../shared/verdict/names.js";
import { expectationText, parseExpectation } from "../canary/expectation.js";
import type { CanaryReply, CanaryStore, CanaryView } from "../canary/watch.js";
import { ipv6Text } from "./address-text.js";
import type { Store } from "./store.js";
import { clickhouseTime } from "./time.js";

const synVerdict = z.enum(SYN_VERDICTS);
/** Empty: not sent. */
const sentVerdict = z.union([synVerdict, z.literal("")]);

const viewRow = z
  .object({
    vantage: z.string(),
    agent: z.string(),
    target: z.string(),
    port: z.number(),
    expected: z.string().transform(parseExpectation),
    verdict: z.enum([...SYN_VERDICTS, ...PAIR_VERDICTS]),
    verdicts: z.tuple([sentVerdict, sentVerdict, sentVerdict, sentVerdict]),
    askedAtMs: z.number(),
    wrongSinceMs: z.number().nullable(),
  })
  .transform(({ verdict, verdicts, ...row }): CanaryView => {
    const sent = VARIANTS.flatMap((variant, i) => (verdicts[i] === "" ? [] : [[variant, verdicts[i]] as const]));
    return { ...row, answer: { view: verdict, verdicts: Object.fromEntries(sent) } };
  });

const replyRow = z
  .object({
    vantage: z.string(),
    agent: z.string(),
    index: z.number(),
    variant: z.enum(VARIANTS),
    verdict: synVerdict,
  })
  .transform((row): CanaryReply => row);

const VIEWS = `
  SELECT vantage, agent, replaceRegexpOne(toString(target), '^::ffff:', '') AS target, port, expected, verdict,
    [toString(v0), toString(v1), toString(plain), toString(unknown)] AS verdicts,
    toUnixTimestamp64Milli(asked_at) AS askedAtMs, toUnixTimestamp64Milli(wrong_since) AS wrongSinceMs
  FROM canaries FINAL WHERE campaign = {campaign:String}
  ORDER BY vantage, target, port, agent`;

/** By target, as the table is ordered by it: a round is found without looking at the rows of the targets. */
const REPLIES = `
  SELECT vantage, agent, \`index\`, variant, argMax(syn_replies.verdict, (received_at, batch, row)) AS verdict
  FROM syn_replies
  WHERE campaign = {campaign:String} AND source = {source:String}
    AND (port, target) IN (SELECT arrayJoin(arrayZip({ports:Array(UInt16)}, arrayMap(t -> toIPv6(t), {targets:Array(String)}))))
    AND \`index\` >= {from:UInt64} AND \`index\` < {to:UInt64}
  GROUP BY vantage, agent, \`index\`, variant`;

/** The canaries' part of the database. */
export function createCanaryStore(store: Store): CanaryStore {
  return {
    async canaryReplies({ campaign, source, targets, from, to }) {
      const replies: CanaryReply[] = [];
      const parameters = {
        ...{ campaign, source, from, to },
        targets: targets.map(({ target }) => ipv6Text(target)),
        ports: targets.map(({ port }) => port),
      };
      for await (const row of store.rows(REPLIES, parameters)) replies.push(replyRow.parse(row));
      return replies;
    },
    async canaries(campaign) {
      const views: CanaryView[] = [];
      for await (const row of store.rows(VIEWS, { campaign })) views.push(viewRow.parse(row));
      return views;
    },
    async saveCanaries(campaign, views) {
      if (views.length === 0) return;
      await store.insertRows(
        "canaries",
        views.map(({ vantage, agent, target, port, expected, answer, askedAtMs, wrongSinceMs }) => ({
          campaign,
          vantage,
          agent,
          target: ipv6Text(target),
          port,
          expected: expectationText(expected),
          verdict: answer.view,
          v0: answer.verdicts.v0 ?? "",
          v1: answer.verdicts.v1 ?? "",
          plain: answer.verdicts.plain ?? "",
          unknown: answer.verdicts["unknown-option"] ?? "",
          asked_at: clickhouseTime(askedAtMs),
          wrong_since: wrongSinceMs === null ? null : clickhouseTime(wrongSinceMs),
        })),
      );
    },
  };
}
