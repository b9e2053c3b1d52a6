import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import type { View } from "../../../coordinator/compare/evidence.js";
import { judge } from "../../../coordinator/compare/judge.js";
import { readComparison, readExplanations } from "../../../coordinator/compare/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import { SYN_VERDICTS, type SynVerdict } from "../../../shared/verdict/names.js";
import { viewVerdict } from "../../../shared/verdict/view.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const CAMPAIGN = "patterns";
const VANTAGES = ["fra", "iad", "sin"];
const TARGETS = 400;
/** Traced from one vantage point, on port 80: port 443 of the same address has more evidence then, too. */
const TRACED = "198.18.0.7";

let test: TestWarehouse;
/** What every variant got last, by port, target and vantage point; made without the store. */
const answers = new Map<string, Record<Variant, SynVerdict>>();

beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  const random = randomFrom(7);
  const rows: Record<string, unknown>[] = [];
  for (let i = 0; i < TARGETS; i++) {
    for (const port of [80, 443]) {
      const address = `198.18.${i >> 8}.${i & 255}`;
      // Few kinds of hosts, so that most targets share their views with others.
      const usual = SYN_VERDICTS[1 + (random() % 8)] ?? "plain";
      for (const vantage of VANTAGES) {
        const last: Record<Variant, SynVerdict> = {
          v0: "no-reply",
          v1: "no-reply",
          plain: "no-reply",
          "unknown-option": "no-reply",
        };
        for (const variant of VARIANTS) {
          const replies = random() % 20 === 0 ? 0 : 1 + Number(random() % 10 === 0);
          for (let at = 0; at < replies; at++) {
            const verdict = random() % 12 === 0 ? "plain" : usual;
            last[variant] = verdict;
            rows.push(reply({ address, port, vantage, variant, verdict, at, row: rows.length }));
          }
        }
        answers.set(`${port} ${address} ${vantage}`, last);
      }
    }
  }
  // In any order, as batches come.
  rows.sort((a, b) => Number(a.shuffled) - Number(b.shuffled));
  await test.store.insertRows(
    "syn_replies",
    rows.map(({ shuffled: _, ...row }) => row),
  );
  await test.store.insertRows("trace_hops", [
    {
      ...{
        campaign: CAMPAIGN,
        vantage: "fra",
        agent: "fra-1",
        batch: batchOf(1),
        row: 0,
        target: `::ffff:${TRACED}`,
        port: 80,
      },
      ...{ variant: "v1", ttl: 3, kind: "time-exceeded", responder: "::ffff:192.0.2.1", mptcp: "stripped-removed" },
      ...{ received_at: "2026-01-01 00:00:00.000000", changes: ["tcp.option.mptcp.removed"] },
    },
  ]);
  await rebuild();

  function reply({
    address,
    row,
    at,
    ...rest
  }: { address: string; row: number; at: number } & Record<string, unknown>) {
    const vantage = String(rest.vantage);
    const own = {
      campaign: CAMPAIGN,
      agent: `${vantage}-1`,
      batch: batchOf(row % 9),
      row,
      target: `::ffff:${address}`,
    };
    return { ...own, ...rest, received_at: `2026-01-01 00:00:0${at}.000000`, shuffled: random() };
  }
}, 60_000);
afterAll(() => test.stop());

const batchOf = (number: number) => `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;

async function rebuild(): Promise<void> {
  await buildViews(test.store, { campaign: CAMPAIGN, everywhere: VANTAGES, variants: VARIANTS });
  await buildJudgements(test.store, CAMPAIGN);
}

async function all(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of test.store.rows(sql)) rows.push(row);
  return rows;
}

const VIEWS = `SELECT port, replaceOne(toString(t.target), '::ffff:', '') AS address, vantage, v0, v1, plain, unknown, verdict
  FROM target_views AS t WHERE campaign = '${CAMPAIGN}' ORDER BY port, t.target, vantage`;
const CLASSES = `SELECT port, replaceOne(toString(t.target), '::ffff:', '') AS address, host_verdict, host_rule, placement,
    placement_rule, affected, vantages, explanation
  FROM target_classes AS t WHERE campaign = '${CAMPAIGN}' ORDER BY port, t.target`;

function viewOf(vantage: string, got: Record<Variant, SynVerdict>): View {
  const { "unknown-option": unknown, ...others } = got;
  const nothing = { traces: [], handshakes: [], synAcks: [], otherPorts: [] };
  return { vantage, verdict: viewVerdict(got), ...others, unknown, ...nothing };
}

/** The views of a target that anybody heard of. */
function viewsOf(place: string): View[] {
  const views = VANTAGES.map((vantage) => ({ vantage, got: answers.get(`${place} ${vantage}`) }));
  return views.flatMap(({ vantage, got }) => (got === undefined ? [] : [viewOf(vantage, got)]));
}

describe("rollups of many targets", () => {
  it("say of each view what follows from its last answers, and silence is there too", async () => {
    const found = await all(VIEWS);
    expect(found).toHaveLength(TARGETS * 2 * VANTAGES.length);
    for (const { port, address, vantage, ...row } of found) {
      const got = answers.get(`${port} ${address} ${vantage}`);
      if (got === undefined) throw new Error(`${address} was not asked`);
      const { v0, v1, plain, unknown, verdict } = viewOf(String(vantage), got);
      expect({ address, ...row }).toEqual({ address, v0, v1, plain, unknown, verdict });
    }
  });

  it("judge each target as if it were alone", async () => {
    const found = await all(CLASSES);
    expect(found).toHaveLength(TARGETS * 2);
    for (const { port, address, ...row } of found) {
      if (address === TRACED) continue;
      const { host, placement, affected } = judge(viewsOf(`${port} ${address}`), []);
      expect({ address, ...row }).toEqual({
        ...{ address, host_verdict: host.result, host_rule: host.rule },
        ...{ placement: placement.result, placement_rule: placement.rule },
        ...{ affected: affected.length, vantages: VANTAGES.length, explanation: [] },
      });
    }
    const patterns = await all(`SELECT count() AS n FROM judged_patterns WHERE campaign = '${CAMPAIGN}'`);
    expect(Number(patterns[0]?.n)).toBeLessThan(found.length - 2);
  });

  it("take what was traced with its evidence, on all ports", async () => {
    const found = (await all(CLASSES)).filter(({ address }) => address === TRACED);
    expect(found).toMatchObject([{ port: 80, explanation: ["192.0.2.1"] }, { port: 443 }]);
    const explained = await readExplanations(test.store, CAMPAIGN, TRACED);
    expect(explained.map(({ port, evidence }) => [port, evidence.length])).toEqual([
      [80, 3],
      [443, 3],
    ]);
  });

  it("explain a target of which only answers are known", async () => {
    const [explained] = await readExplanations(test.store, CAMPAIGN, "198.18.0.3");
    expect(explained?.evidence).toEqual(viewsOf("80 198.18.0.3"));
  });

  it("are counted as a comparison shows them", async () => {
    const { verdicts, classes } = await readComparison(test.store, { campaign: CAMPAIGN });
    const views = await all(VIEWS);
    for (const { vantage, port, verdict, targets } of verdicts) {
      const alike = views.filter((row) => row.vantage === vantage && row.port === port && row.verdict === verdict);
      expect({ vantage, port, verdict, targets }).toEqual({ vantage, port, verdict, targets: alike.length });
    }
    expect(verdicts.reduce((sum, { targets }) => sum + targets, 0)).toBe(views.length);
    const judged = await all(CLASSES);
    for (const { hostVerdict, placement, targets } of classes) {
      const alike = judged.filter((row) => row.host_verdict === hostVerdict && row.placement === placement);
      expect({ hostVerdict, placement, targets }).toEqual({ hostVerdict, placement, targets: alike.length });
    }
    expect(classes.reduce((sum, { targets }) => sum + targets, 0)).toBe(judged.length);
  });

  it("are the same when they are made again", async () => {
    const before = [await all(VIEWS), await all(CLASSES)];
    await rebuild();
    expect([await all(VIEWS), await all(CLASSES)]).toEqual(before);
  });
});

/** Numbers of 32 bits, the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
