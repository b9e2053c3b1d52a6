import { spawn } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { OperatorView } from "../../../coordinator/api/operator-routes.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { addOperator, as, pemsOf, refusals } from "../support/operators.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(120_000);

let system: TestSystem;
let ann: string;
let rita: string;

beforeAll(async () => {
  system = await startSystem();
  [ann, rita] = await Promise.all([addOperator(system, "ann"), addOperator(system, "rita", "--role", "reader")]);
  await system.startAgent("fra-1", "fra");
});
afterAll(() => system.stop());

async function begin(pps: number): Promise<string> {
  const text = `series: s\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nseed: 1\nrate: { perAgentPps: ${pps} }\n`;
  await system.until(
    () => system.api<unknown[]>("/v1/agents"),
    (agents) => agents.length === 1,
  );
  const file = join(system.folder, `campaign-${pps}.yaml`);
  writeFileSync(file, text);
  const { id } = await system.json<CampaignProgress>("campaign", "create", file, "--start", ...as(system, ann));
  return id;
}

describe("an operator's folder", () => {
  test("is its owner's alone, and what is in one is never overwritten", async () => {
    expect(statSync(ann).mode & 0o777).toBe(0o700);
    expect(readdirSync(ann).sort()).toEqual(["ca.crt", "operator.crt", "operator.key"]);
    for (const name of readdirSync(ann)) expect(statSync(join(ann, name)).mode & 0o777).toBe(0o600);
    const before = pemsOf(ann);
    expect(await system.run("operators", "add", "bob", "--out", ann)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/operator\.key is there already; name another folder with --out/),
    });
    expect(pemsOf(ann)).toEqual(before);
    expect((await system.json<OperatorView[]>("operators", "list")).map(({ name }) => name)).toEqual(["ann", "rita"]);
  });

  test("is not left behind where the coordinator makes no certificate", async () => {
    const folder = join(system.folder, "second-ann");
    expect(await system.run("operators", "add", "ann", "--out", folder)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is an operator ann already; choose another name/),
    });
    expect(readdirSync(system.folder)).not.toContain("second-ann");
  });
});

describe("an operator elsewhere", () => {
  test("makes, starts and watches a campaign, and every write is on record with who", async () => {
    const id = await begin(2_000);
    const { stdout } = await system.run("campaign", "watch", id, "--json", ...as(system, ann));
    const lines = stdout.trim().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ id, state: "finished" });
    const sql = "SELECT uniqExact(target) AS n FROM syn_replies";
    expect(await system.parallax("query", sql, "--format", "TSV", ...as(system, rita))).toBe("256\n");
    expect(await system.json("verify-ledger", id, ...as(system, rita))).toMatchObject({ ok: true });
    const writes = system.log().filter((line) => line.includes('"msg":"write"') && line.includes('"by":"ann"'));
    expect(writes.map((line) => JSON.parse(line).path)).toEqual(["/v1/campaigns", `/v1/campaigns/${id}/start`]);
  });

  test("who is a reader looks, queries and plans, and changes nothing", async () => {
    expect(await system.json("campaign", "list", ...as(system, rita))).toEqual(expect.any(Array));
    const plan = join(system.folder, "plan.yaml");
    writeFileSync(plan, "series: p\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nseed: 1\n");
    expect(await system.json("campaign", "plan", plan, ...as(system, rita))).toMatchObject({ problems: [] });
    for (const command of [
      ["campaign", "create", plan],
      ["enroll", "create", "--vantage", "x"],
      ["operators", "add", "eve", "--out", join(system.folder, "eve")],
      ["operators", "revoke", "ann"],
    ]) {
      expect(await system.run(...command, ...as(system, rita))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/operator rita is a reader: this would change something; ask an operator/),
      });
    }
    expect(await system.run("query", "DROP TABLE hosts", ...as(system, rita))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("DROP is not a statement that reads"),
    });
    expect(refusals(system, /rita/)).toHaveLength(1);
    expect(await system.json<OperatorView[]>("operators", "list")).toMatchObject([{ state: "valid" }, {}]);
  });

  test("who is revoked loses what it watches at once, without a restart, and is told why when it comes again", async () => {
    const gone = await addOperator(system, "gone");
    const id = await begin(2);
    const watching = spawn(process.execPath, [
      "dist/coordinator/main.js",
      ...["campaign", "watch", id, "--json"],
      ...as(system, gone),
    ]);
    let stderr = "";
    watching.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    await new Promise((resolve) => watching.stdout.once("data", resolve));
    const ended = new Promise<number | null>((resolve) => watching.once("exit", resolve));
    await system.api("/v1/operators/gone/revoke", {});
    const revokedMs = performance.now();
    expect(await ended).toBe(1);
    expect(performance.now() - revokedMs).toBeLessThan(2_000);
    expect(stderr).toMatch(/broke its answer off .*repeat the command/);
    for (let i = 0; i < 2; i++) {
      expect(await system.run("agents", ...as(system, gone))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^parallax: operator gone was revoked at .*Z; get a new one: [^\n]*\n$/),
      });
    }
    expect(refusals(system, /operator gone was revoked/)).toHaveLength(1);
    await system.parallax("campaign", "cancel", id, ...as(system, ann));
    const back = join(system.folder, "gone-2");
    await system.parallax("operators", "add", "gone", "--out", back);
    expect((await system.run("agents", ...as(system, back))).code).toBe(0);
    expect(await system.run("agents", ...as(system, gone))).toMatchObject({
      stderr: expect.stringMatching(/certificate of operator gone is not the one in force/),
    });
  });

  test("sends files of any length, and is told in words when it may not", async () => {
    const file = join(system.folder, "origins.tsv");
    // More than any buffer on the way takes: who is refused has not sent it all when the answer comes.
    const lines = Array.from(
      { length: 400_000 },
      (_, i) => `198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}\t32\t64500`,
    );
    writeFileSync(file, lines.join("\n"));
    const command = ["enrich", "import", "pfx2as", file, "--date", "2026-03-01"];
    expect(await system.json(...command, ...as(system, ann))).toMatchObject({ rows: { origins: lines.length } });
    expect(await system.run(...command, ...as(system, rita))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^parallax: operator rita is a reader: [^\n]*\n$/),
    });
  });

  test("cannot take its own right away", async () => {
    expect(await system.run("operators", "revoke", "ann", ...as(system, ann))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/operator ann cannot revoke itself; let another operator do it/),
    });
  });
});

describe("the command line", () => {
  const wrong = (args: string[], stderr: RegExp) =>
    system.run("agents", ...args).then((output) => {
      expect(output).toMatchObject({ code: 2, stderr: expect.stringMatching(stderr) });
      expect(output.stderr.trim().split("\n")).toHaveLength(1);
    });

  test("says in one line what is wrong with where it is to go", async () => {
    const url = system.operatorsUrl();
    await wrong(["--server", url], /wants to know who you are; name the folder .* with --identity/);
    await wrong(["--server", url.replace("https", "http"), "--identity", ann], /is not encrypted; write https:/);
    await wrong(["--server", "nowhere", "--identity", ann], /is no coordinator's address; write https:/);
    await wrong(as(system, join(system.folder, "nothing")), /operator\.key cannot be read \(ENOENT\); name the folder/);
    const loopback = `https://${system.ports().api}`;
    expect(await system.run("agents", "--server", loopback, "--identity", ann)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/it does not speak TLS 1.3 and HTTP there; give the port of its --api-address/),
    });
    expect(await system.run("agents", "--server", "https://127.0.0.1:1", "--identity", ann)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not answer: .*ECONNREFUSED.*; check --server/),
    });
  });

  test("takes coordinator and identity from the environment as well", async () => {
    const env = { ...process.env, PARALLAX_SERVER: system.operatorsUrl(), PARALLAX_IDENTITY: rita };
    const child = spawn(process.execPath, ["dist/coordinator/main.js", "operators", "list", "--json"], { env });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
    expect((JSON.parse(stdout) as OperatorView[]).map(({ name }) => name)).toContain("rita");
  });
});
