import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";

jest.setTimeout(30_000);

const PROGRAM = "dist/coordinator/main.js";
const PORTS = [
  "--api-port",
  "0",
  "--warehouse-port",
  "0",
  "--agents-port",
  "0",
  "--broker-port",
  "0",
  "--enrolment-port",
  "0",
];

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = mkdtempSync(join(tmpdir(), "parallax-up-"));
const data = join(folder, "data");
let up: ChildProcess;
let where: { api: string; warehouse: string };

beforeAll(async () => {
  [up, where] = await start();
}, 60_000);
afterAll(() => {
  up.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** `parallax up --json`; resolves when it has printed where it is. */
async function start(): Promise<[ChildProcess, { api: string; warehouse: string }]> {
  const child = spawn(process.execPath, [PROGRAM, "up", "--json", "--data", data, ...PORTS], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").once("data", resolve);
    child.once("exit", (code) => reject(new Error(`up ended with ${code}`)));
  });
  return [child, JSON.parse(line)];
}

function parallax(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args, "--data", data], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Processes of this coordinator's broker and warehouse. */
function children(): string[] {
  const lines = execFileSync("ps", ["-eo", "pid,ppid,args"], { encoding: "utf8" }).split("\n");
  return lines.filter(
    (line) => line.includes(join(data, "broker")) || (line.includes(`${up.pid} `) && line.includes("warehouse/child")),
  );
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("parallax up", () => {
  it("keeps its secrets to their owner", () => {
    for (const name of ["operator.token", "identity/ca.key", "identity/broker-keys.json", "broker/server.key"]) {
      expect(statSync(join(data, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("is reached by the commands of its data folder", async () => {
    expect(await parallax("agents")).toMatchObject({ code: 0, stdout: "no agent has connected yet\n" });
    expect(await parallax("campaign", "list", "--json")).toMatchObject({ code: 0, stdout: "[]\n" });
    expect(await parallax("query", "SELECT 1 + 1", "--format", "TSV")).toMatchObject({ code: 0, stdout: "2\n" });
    const { stdout } = await parallax("doctor", "--json");
    expect(JSON.parse(stdout).checks).toContainEqual(expect.objectContaining({ name: "coordinator", state: "ok" }));
  });

  it("lets the operator read the tables, not change them", async () => {
    const { code, stderr } = await parallax("query", "DROP TABLE hosts");
    expect(code).toBe(1);
    expect(stderr).toContain("DROP is not a statement that reads");
    expect((await parallax("query", "EXISTS hosts", "--format", "TSV")).stdout).toBe("1\n");
  });

  it("takes in data sets on networks, says what it left out, and refuses one of another kind", async () => {
    const file = join(folder, "origins.tsv");
    writeFileSync(file, "198.18.0.0\t24\t64500\n198.18.0.0\t99\t64500\n");
    const imported = await parallax("enrich", "import", "pfx2as", file, "--date", "2026-03-01", "--json");
    const leftOut = [{ reason: "no prefix", entries: 1, example: "198.18.0.0\t99\t64500" }];
    expect(JSON.parse(imported.stdout)).toMatchObject({ date: "2026-03-01", rows: { origins: 1 }, leftOut });
    const listed = await parallax("enrich", "list", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { topic: "origins", kind: "pfx2as", file: "origins.tsv", leftOut: 1 },
    ]);
    const asked = await parallax(
      "query",
      "SELECT dictGet('origins', 'asn', tuple(toIPv6('::ffff:198.18.0.9')))",
      "--json",
    );
    expect(Object.values(JSON.parse(asked.stdout))).toEqual([64_500]);
    const refused = await parallax("enrich", "import", "asrank", file);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/origins\.tsv holds nothing in the form of asrank/),
    });
    expect(await parallax("enrich", "import", "pfx2as", file, "--date", "soon")).toMatchObject({ code: 2 });
  });

  it("says that there is nothing to report of a campaign that is not there", async () => {
    for (const command of [
      ["report", "nope", "--out", join(folder, "report")],
      ["blackholes", "nope"],
    ]) {
      expect(await parallax(...command)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/no campaign "nope"/),
      });
    }
    expect(existsSync(join(folder, "report"))).toBe(false);
  });

  it("answers nobody without the token, and no page of another host", async () => {
    expect((await fetch(`${where.api}/v1/agents`)).status).toBe(401);
    const token = readFileSync(join(data, "operator.token"), "utf8");
    const headers = { Authorization: `Bearer ${token}` };
    expect((await fetch(`${where.api}/v1/agents`, { headers })).status).toBe(200);
    // fetch does not let us choose the Host header.
    const curl = [
      "-s",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      "-H",
      "Host: evil.example",
      "-H",
      `Authorization: Bearer ${token}`,
    ];
    expect(execFileSync("curl", [...curl, `${where.api}/v1/agents`], { encoding: "utf8" })).toBe("403");
  });

  it("refuses a second one on the same folder", async () => {
    const second = await parallax("up", ...PORTS);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^parallax: a coordinator runs on .* already .*; end it first.*\n$/);
  });
});

describe("wrong input", () => {
  it.each([
    ["an unknown command", ["nonsense"], 2, "nonsense"],
    ["an unknown option", ["agents", "--colour"], 2, "colour"],
    ["no command", [], 2, "no command"],
    ["a campaign that is not there", ["compare", "nix"], 2, 'no campaign "nix"'],
    ["an address that is none", ["explain", "host.example"], 2, "not an IP address"],
    ["a file that is not there", ["campaign", "create", "/nowhere.yaml"], 2, "/nowhere.yaml does not exist"],
    ["a port that is none", ["up", "--api-port", "x"], 2, "--api-port"],
  ])("%s gets one line that names it", async (_, args, code, text) => {
    const result = await parallax(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toMatch(/^parallax: .*; .*\n$/);
    expect(result.stderr).toContain(text);
  });

  it.each([
    ["text that is not YAML", "series: [", "not YAML"],
    ["an unknown key", "series: a\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nport: 80\n", "port"],
    ["an address that is none", "series: a\ntargets: { ipv4: [300.1.1.0/24] }\nports: [80]\n", "targets.ipv4[0]"],
    ["a blocked range", "series: a\ntargets: { ipv4: [10.0.0.0/8] }\nports: [80]\n", "10.0.0.0/8 is special-purpose"],
    ["a hitlist that is not there", "series: a\ntargets: { ipv6: { hitlist: no.txt } }\nports: [80]\n", "no.txt"],
  ])("a campaign with %s gets one line and makes nothing", async (_, yaml, text) => {
    const result = await parallax("campaign", "create", file("campaign.yaml", yaml));
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(/^parallax: .*; .*\n$/);
    expect(result.stderr).toContain(text);
    expect((await parallax("campaign", "list", "--json")).stdout).toBe("[]\n");
  });
});

describe("the end of parallax up", () => {
  it("leaves no process behind when it is killed, and the folder can be used again", async () => {
    expect(children().length).toBeGreaterThan(0);
    up.kill("SIGKILL");
    const deadline = Date.now() + 10_000;
    while (children().length > 0 && Date.now() < deadline) await sleep(100);
    expect(children()).toEqual([]);
    [up, where] = await start();
    expect((await parallax("query", "SELECT 3", "--format", "TSV")).stdout).toBe("3\n");
  }, 60_000);

  it("is clean when it is interrupted", async () => {
    const ended = new Promise((resolve) => up.once("exit", resolve));
    up.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(children()).toEqual([]);
    expect(existsSync(join(data, "up.json"))).toBe(false);
    const { code, stderr } = await parallax("agents");
    expect(code).toBe(1);
    expect(stderr).toContain("no coordinator runs on");
  }, 30_000);
});
