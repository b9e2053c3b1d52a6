import { z } from "zod";
import type { Store } from "../store/store.js";

/** How many targets are named for each kind of change. */
const MOST_EXAMPLES = 5;

export interface DiffExample {
  readonly target: string;
  readonly port: number;
}

/** One kind of change; `before` or `after` is empty where the campaign says nothing of the target. */
export interface DiffChange {
  readonly before: string;
  readonly after: string;
  readonly count: number;
  readonly examples: readonly DiffExample[];
}

/** What changed from one campaign to another. */
export interface CampaignDiff {
  readonly before: string;
  readonly after: string;
  readonly targets: { readonly before: number; readonly after: number; readonly both: number };
  /** Targets whose hosts speak MPTCP in the one campaign alone, of those that both know. */
  readonly gained: number;
  readonly lost: number;
  /** Of the judgement on the host. */
  readonly hosts: readonly DiffChange[];
  /** Where the vantage points differ. */
  readonly paths: readonly DiffChange[];
  /** What a vantage point says of a target. */
  readonly views: readonly (DiffChange & { readonly vantage: string })[];
}

interface Row {
  /** In the order of the stream. */
  readonly key: string;
  readonly target: string;
  readonly port: number;
}
interface ClassRow extends Row {
  readonly host: string;
  readonly placement: string;
}
interface ViewRow extends Row {
  readonly vantage: string;
  readonly verdict: string;
}

const place = { key: z.string(), target: z.string(), port: z.number() };
const classRow = z.object({ ...place, host: z.string(), placement: z.string() });
const viewRow = z.object({ ...place, vantage: z.string(), verdict: z.string() });

const PLACE = "concat(leftPad(toString(port), 5, '0'), hex(address))";
const TARGET = "replaceRegexpOne(toString(address), '^::ffff:', '') AS target";
/** In the order of the tables, so that nothing has to be sorted. */
const CLASSES = `
  SELECT ${PLACE} AS key, ${TARGET}, port, toString(host_verdict) AS host, toString(placement) AS placement
  FROM (SELECT port, target AS address, host_verdict, placement FROM target_classes FINAL WHERE campaign = {campaign:String})
  ORDER BY port, address`;
const VIEWS = `
  SELECT concat(${PLACE}, vantage) AS key, ${TARGET}, port, vantage, verdict
  FROM (
    SELECT port, target AS address, toString(vantage) AS vantage, toString(verdict) AS verdict
    FROM target_views FINAL WHERE campaign = {campaign:String}
  )
  ORDER BY port, address, vantage`;

/**
 * Compares two campaigns. Both are read in the order of their tables and walked side by side, so memory does not grow with
 * the number of targets.
 */
export async function readDiff(store: Pick<Store, "rows">, before: string, after: string): Promise<CampaignDiff> {
  const targets = { before: 0, after: 0, both: 0 };
  const counters = { gained: 0, lost: 0 };
  const hosts = createTally<DiffChange>();
  const paths = createTally<DiffChange>();
  const views = createTally<DiffChange & { vantage: string }>();

  const read = <T extends Row>(sql: string, campaign: string, schema: z.ZodType<T>) =>
    parsed(store.rows(sql, { campaign }), schema);
  for await (const [a, b] of sideBySide<ClassRow>(read(CLASSES, before, classRow), read(CLASSES, after, classRow))) {
    if (a !== null) targets.before++;
    if (b !== null) targets.after++;
    if (a !== null && b !== null) {
      targets.both++;
      if (a.host !== "mptcp" && b.host === "mptcp") counters.gained++;
      if (a.host === "mptcp" && b.host !== "mptcp") counters.lost++;
    }
    const where = a ?? b;
    if (where === null) continue;
    const change = (x = "", y = "") => ({ before: x, after: y });
    if (a?.host !== b?.host) hosts.add(change(a?.host, b?.host), where);
    if (a?.placement !== b?.placement) paths.add(change(a?.placement, b?.placement), where);
  }
  for await (const [a, b] of sideBySide<ViewRow>(read(VIEWS, before, viewRow), read(VIEWS, after, viewRow))) {
    const where = a ?? b;
    if (where === null || a?.verdict === b?.verdict) continue;
    views.add({ vantage: where.vantage, before: a?.verdict ?? "", after: b?.verdict ?? "" }, where);
  }
  return { before, after, targets, ...counters, hosts: hosts.list(), paths: paths.list(), views: views.list() };
}

async function* parsed<T extends Row>(rows: AsyncIterable<unknown>, schema: z.ZodType<T>): AsyncGenerator<T> {
  let last = "";
  for await (const row of rows) {
    const found = schema.parse(row);
    if (found.key <= last) throw new Error(`the rows of a campaign came out of order at ${found.target}`);
    last = found.key;
    yield found;
  }
}

/** Two ordered streams, key by key; null where the one has nothing. */
async function* sideBySide<T extends Row>(
  a: AsyncGenerator<T>,
  b: AsyncGenerator<T>,
): AsyncGenerator<readonly [T | null, T | null]> {
  let [left, right] = await Promise.all([a.next(), b.next()]);
  while (left.done !== true || right.done !== true) {
    const [x, y] = [left.done === true ? null : left.value, right.done === true ? null : right.value];
    const takesLeft = x !== null && (y === null || x.key <= y.key);
    const takesRight = y !== null && (x === null || y.key <= x.key);
    yield [takesLeft ? x : null, takesRight ? y : null];
    if (takesLeft) left = await a.next();
    if (takesRight) right = await b.next();
  }
}

/** Counts kinds of change, with the first examples of each; the most frequent first. */
function createTally<T extends DiffChange>() {
  type Kind = Omit<T, "count" | "examples">;
  const found = new Map<string, { kind: Kind; count: number; examples: DiffExample[] }>();
  return {
    add(kind: Kind, { target, port }: Row) {
      const key = JSON.stringify(kind);
      const entry = found.get(key) ?? { kind, count: 0, examples: [] };
      found.set(key, entry);
      entry.count++;
      if (entry.examples.length < MOST_EXAMPLES) entry.examples.push({ target, port });
    },
    list: () =>
      [...found.values()]
        .sort((a, b) => b.count - a.count)
        .map(({ kind, count, examples }) => ({ ...kind, count, examples }) as unknown as T),
  };
}
