import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { openOptOutKeeper } from "../../../agent/optout/keeper.js";
import { formatPrefix, type Prefix, parsePrefix } from "../../../shared/address/prefix.js";
import { optOutList, packPrefixes } from "../../../shared/optout/list.js";

let folder: string;
let file: string;
let leftOut: string[][];
let reports: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parallax-optouts-"));
  file = join(folder, "optouts.json");
  leftOut = [];
  reports = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (leaveOut?: (prefixes: readonly Prefix[]) => Promise<void>) =>
  openOptOutKeeper({
    file,
    leaveOut: async (prefixes) => {
      leftOut.push(prefixes.map(formatPrefix));
      await leaveOut?.(prefixes);
    },
    report: (problem) => reports.push(problem),
  });

/** A list in parts of so many prefixes. */
function parts(revision: number, texts: readonly string[], size = 100) {
  const { hash, prefixes } = optOutList(revision, texts.map(parsePrefix));
  const count = Math.max(1, Math.ceil(prefixes.length / size));
  return Array.from({ length: count }, (_, part) => ({
    ...{ revision, hash, part, parts: count },
    packed: packPrefixes(prefixes.slice(part * size, (part + 1) * size)),
  }));
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("the opt-outs at an agent", () => {
  it("are in force with the last part, confirmed when nobody sends to them any more, and there after a restart", async () => {
    let reached = (): void => undefined;
    const keeper = open(() => new Promise((resolve) => (reached = resolve)));
    keeper.sessionBegins();
    const [first, second] = parts(7, ["2001:db8::/32", "9.9.9.9/32", "8.8.8.0/24"], 2);
    if (first === undefined || second === undefined) throw new Error("two parts");
    keeper.take(first);
    expect(leftOut).toEqual([[]]);
    keeper.take(second);
    expect(leftOut.at(-1)).toEqual(["8.8.8.0/24", "9.9.9.9/32", "2001:db8::/32"]);
    await settle();
    expect(keeper.confirmed).toBe(0);
    reached();
    await settle();
    expect(keeper.confirmed).toBe(7);

    leftOut = [];
    expect(open().list.revision).toBe(7);
    expect(leftOut).toEqual([["8.8.8.0/24", "9.9.9.9/32", "2001:db8::/32"]]);
  });

  it("shrink only by a later word: a coordinator that has lost its memory takes nothing away", async () => {
    const keeper = open();
    for (const part of parts(7, ["9.9.9.9/32"])) keeper.take(part);
    for (const part of parts(1, ["8.8.8.8/32"])) keeper.take(part);
    await settle();
    expect(leftOut.at(-1)).toEqual(["8.8.8.8/32", "9.9.9.9/32"]);
    expect([keeper.confirmed, keeper.list.revision]).toEqual([1, 7]);
    expect(reports).toEqual([expect.stringContaining("older (1) than those held here (7)")]);
    for (const part of parts(8, [])) keeper.take(part);
    expect(leftOut.at(-1)).toEqual([]);
  });

  it("are not confirmed by parts that do not fit, nor by what an earlier session brought", async () => {
    const keeper = open();
    const [one, two] = parts(3, ["9.9.9.9/32", "8.8.8.8/32"], 1);
    if (one === undefined || two === undefined) throw new Error("two parts");
    expect(() => keeper.take(two)).toThrow("does not follow");
    keeper.take(one);
    expect(() => keeper.take({ ...two, packed: one.packed })).toThrow("not what their hash says");
    keeper.take(one);
    keeper.sessionBegins();
    expect(() => keeper.take(two)).toThrow("does not follow");
    expect(() => keeper.take({ ...one, parts: 1, packed: new Uint8Array(16) })).toThrow("hash");
    expect([keeper.confirmed, keeper.list.revision, leftOut]).toEqual([0, 0, [[]]]);
  });

  it("that cannot be read end the agent: nobody may be forgotten", () => {
    for (const part of parts(3, ["9.9.9.9/32"])) open().take(part);
    const text = readFileSync(file, "utf8");
    for (const damaged of [text.slice(0, -4), text.replace("9.9.9.9", "9.9.9.8"), "{}", ""]) {
      writeFileSync(file, damaged);
      expect(() => open()).toThrow("is damaged: who has opted out is not known");
    }
  });
});
