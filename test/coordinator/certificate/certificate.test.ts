import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { newCampaign } from "../../../coordinator/campaign/create.js";
import { scanSources } from "../../../coordinator/campaign/sources.js";
import { type Certificate, canonicalText } from "../../../coordinator/certificate/document.js";
import { signText } from "../../../coordinator/certificate/key.js";
import { type CoverageFact, makeCertificate } from "../../../coordinator/certificate/make.js";
import { type Covered, piecesOf } from "../../../coordinator/certificate/pieces.js";
import { verifyCertificate } from "../../../coordinator/certificate/verify.js";
import { optOutList } from "../../../shared/optout/list.js";
import { identity } from "../session/fake.js";

const KEY = generateKeyPairSync("ed25519").privateKey;
const SPEC =
  "series: weekly\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nplacement: { mode: replicate }\nseed: 3\n";
const fact = (change: Partial<CoverageFact>): CoverageFact => ({
  ...{ source: "synscan/v4/80/fra", kind: "asked", from: 0, to: 256, vantage: "fra", agent: "fra-1", reason: "" },
  ...change,
});
const FACTS = [
  fact({ to: 100 }),
  fact({ from: 100 }),
  fact({ kind: "skipped", from: 7, to: 8, reason: "opt-out" }),
  fact({ kind: "uncertain", from: 90, to: 130, reason: "expired" }),
  fact({ source: "synscan/v4/80/sin", vantage: "sin", agent: "sin-1" }),
  fact({ source: "canary/v4/80", to: 9 }),
];

async function certificate(facts = FACTS, state: "finished" | "cancelled" = "finished"): Promise<Certificate> {
  const { record } = newCampaign({
    file: { text: SPEC },
    hitlist: null,
    agents: [identity({ opened: ["198.18.0.0/15"] })],
    wallMs: 1_700_000_000_000,
    isTaken: () => false,
    random: (bytes) => new Uint8Array(bytes),
    coordinatorVersion: "0.1.0",
    optOuts: optOutList(0, []),
  });
  const started = { ...record, vantages: ["fra", "sin"] };
  return makeCertificate({
    record: {
      ...started,
      state,
      startedAtMs: 1_700_000_001_000,
      finishedAtMs: 1_700_000_002_000,
      sources: scanSources(started),
    },
    store: { coverageOf: async () => facts, rowCounts: async () => ({ syn_replies: 12 }) },
    agentVersions: new Map([["fra-1", "0.1.0"]]),
    key: KEY,
  });
}
const check = (value: unknown, fingerprint?: string) => verifyCertificate(JSON.stringify(value), fingerprint);

describe("a coverage certificate", () => {
  it("says of every index what became of it, and holds", async () => {
    const made = await certificate();
    expect(
      made.sources.map(({ id, pieces }) => [
        id,
        pieces.map(({ from, to, kind, reason }) => `${from}-${to} ${kind} ${reason}`),
      ]),
    ).toEqual([
      ["synscan/v4/80/fra", ["0-7 asked ", "7-8 skipped opt-out", "8-256 asked "]],
      ["synscan/v4/80/sin", ["0-256 asked "]],
    ]);
    expect(made.sources[0]?.counts).toEqual({ asked: 255, skipped: 1, uncertain: 0, notAsked: 0, repeated: 40 });
    expect(made.manifest.versions.agents).toEqual({ "fra-1": "0.1.0", "sin-1": "" });
    expect(made.manifest).not.toHaveProperty("secret");
    const report = check(made);
    expect(report.problems).toEqual([]);
    expect(check(made, report.fingerprint).problems).toEqual([]);
    expect(check(made, "0".repeat(64)).problems).toEqual([expect.stringContaining("is signed by")]);
    expect(await certificate()).toEqual(made);
  });

  it("of a cancelled campaign says what was not asked and what is uncertain", async () => {
    const made = await certificate(
      [fact({ to: 50 }), fact({ kind: "uncertain", from: 50, to: 60, reason: "cancelled" })],
      "cancelled",
    );
    expect(made.sources[0]?.pieces.map(({ to, kind, reason }) => [to, kind, reason])).toEqual([
      [50, "asked", ""],
      [60, "uncertain", "cancelled"],
      [256, "not-asked", "campaign cancelled"],
    ]);
    expect(check(made).problems).toEqual([]);
  });

  it("does not hold when any value in it was changed", async () => {
    const made = await certificate();
    const paths = leaves(made);
    expect(paths.length).toBeGreaterThan(50);
    for (const path of paths) {
      const tampered = structuredClone(made);
      change(tampered, path);
      const problems = found(tampered);
      expect([path.join("."), problems.length > 0]).toEqual([path.join("."), true]);
    }
  });

  it("does not hold when its content contradicts itself, even signed again", async () => {
    const made = await certificate();
    const resigned = (edit: (copy: Certificate) => void): readonly string[] => {
      const copy = structuredClone(made);
      edit(copy);
      const { signature: _, ...body } = copy;
      return check({ ...body, signature: signText(canonicalText(body), KEY) }).problems;
    };
    expect(resigned(() => undefined)).toEqual([]);
    const [first] = made.sources;
    if (first === undefined) throw new Error("no source");
    const cases: [string, (copy: Certificate) => void][] = [
      ["nothing is said of the indices", ({ sources }) => void sources[0]?.pieces.splice(1, 1)],
      [
        "are there twice",
        ({ sources }) => void sources[0]?.pieces.splice(1, 0, { from: 0, to: 7, kind: "asked", reason: "" }),
      ],
      ["the pieces end at", ({ sources }) => void sources[0]?.pieces.pop()],
      ["the counts are not those", ({ sources }) => void Object.assign(sources[0]?.counts ?? {}, { asked: 256 })],
      ["is missing", ({ sources }) => void sources.pop()],
      ["a source is there twice", ({ sources }) => void sources.push(first)],
      [
        "the specification is not what its hash says",
        ({ manifest }) => void Object.assign(manifest, { spec: `${manifest.spec}# x\n` }),
      ],
      ["the ranges are not what their hash says", ({ manifest }) => void manifest.ranges.push([1, 2])],
      ["there is no reason", ({ sources }) => void Object.assign(sources[0]?.pieces[1] ?? {}, { reason: "" })],
      ["the series is not", ({ manifest }) => void Object.assign(manifest, { series: "other" })],
    ];
    for (const [text, edit] of cases) expect(resigned(edit).join("\n")).toContain(text);
  });
});

describe("pieces", () => {
  it("tile [0, N) whatever the intervals, each index with the strongest word about it", () => {
    const interval = fc.tuple(fc.nat(40), fc.nat(12), fc.constantFrom("asked", "skipped", "uncertain")).map(
      ([from, length, kind]): Covered => ({
        from,
        to: from + length,
        kind: kind as Covered["kind"],
        reason: `${kind}!`,
      }),
    );
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 12 }), fc.nat(40), (intervals, size) => {
        const pieces = piecesOf(intervals, size, "why not");
        const said = pieces.flatMap(({ from, to, kind }) => Array.from({ length: to - from }, () => kind));
        const strongest = (index: number) =>
          (["skipped", "asked", "uncertain"] as const).find((kind) =>
            intervals.some((one) => one.kind === kind && one.from <= index && index < one.to),
          ) ?? "not-asked";
        expect(said).toEqual(Array.from({ length: size }, (_, index) => strongest(index)));
        expect(pieces.every(({ from }, i) => from === (pieces[i - 1]?.to ?? 0))).toBe(true);
      }),
    );
  });
});

type Path = readonly (string | number)[];

/** Where each plain value of a document is. */
function leaves(value: unknown, path: Path = []): Path[] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, Array.isArray(value) ? Number(key) : key]))
    : [path];
}

function change(document: object, path: Path): void {
  const holder = path.slice(0, -1).reduce((at, key) => Reflect.get(at, key) as object, document);
  const key = path.at(-1) ?? "";
  const value: unknown = Reflect.get(holder, key);
  const flipped = (text: string): string => {
    const at = Math.floor(text.length / 2);
    return `${text.slice(0, at)}${text[at] === "1" ? "2" : "1"}${text.slice(at + 1)}`;
  };
  Reflect.set(holder, key, typeof value === "number" ? value + 1 : typeof value === "string" ? flipped(value) : "x");
}

/** What is wrong, also where it is not even of the form. */
function found(document: unknown): readonly string[] {
  try {
    return check(document).problems;
  } catch (error) {
    return [String(error)];
  }
}
