import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { classicCapture } from "../../shared/pcap/captures.js";
import { createScanLab, type ScanLab } from "../cli/scan-lab.js";

const MOST_BYTES = 15 * 1_048_576;
/** A SYN/ACK of Linux 6.18 with MP_CAPABLE of version 1. */
const SYN_ACK = Buffer.from(
  "4500004800004000" +
    "4006ae88c6120002c61200011f90849a38238323f4506b98d012fe888c62000002" +
    "0405b40402080a3806c501998747570103030a1e0c01813677adf2e54e3993",
  "hex",
);

const folder = mkdtempSync(join(tmpdir(), "parallax-package-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

function build(root: string, into: string, ...more: string[]): string {
  const program = join(root, "dist/deploy/package/main.js");
  const { status, stderr } = spawnSync(process.execPath, [program, "--into", into, ...more], { encoding: "utf8" });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stderr;
}

describe("the agent's package", () => {
  const out = join(folder, "out");
  const home = join(folder, "home");
  let agent = "";
  let archive = "";
  let lab: ScanLab;
  beforeAll(() => {
    const said = build(process.cwd(), out, "--arch", process.arch === "arm64" ? "arm64" : "x64");
    expect(said).not.toContain("not built");
    archive = join(out, readdirSync(out).find((name) => name.endsWith(".tar.gz")) ?? "");
    mkdirSync(home);
    execFileSync("tar", ["-xzf", archive, "-C", home]);
    agent = join(home, readdirSync(home)[0] ?? "", "bin/parallax-agent");
    writeFileSync(join(home, "agent.yaml"), 'open: [198.18.0.0/15, "2001:2::/48"]\n');
    // Read by the user of the service, too.
    execFileSync("chmod", ["-R", "a+rX", folder]);
    lab = createScanLab([agent]);
  }, 120_000);
  afterAll(() => lab.destroy());

  it("is one small archive, without the store, whose sum lies beside it", () => {
    expect(statSync(archive).size).toBeLessThan(MOST_BYTES);
    const names = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" });
    expect(names).not.toMatch(/chdb|clickhouse|coordinator/i);
    for (const name of ["LICENSE", "THIRD-PARTY-LICENCES.txt", "nft/parallax-handshake.nft", "examples/agent.yaml"]) {
      expect(names).toContain(`/${name}\n`);
    }
    execFileSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: out, stdio: "ignore" });
  });

  it("has the licence of every package whose code is in it", () => {
    const text = readFileSync(join(agent, "../../THIRD-PARTY-LICENCES.txt"), "utf8");
    for (const name of ["@grpc/grpc-js", "@nats-io/jetstream", "koffi", "pino", "yaml", "yargs", "zod"]) {
      expect(text).toMatch(new RegExp(`^${name} \\d\\S+ \\(\\S+\\)$`, "m"));
    }
  });

  it("is the same to the byte when it is built in another folder, at another time, under another umask", () => {
    const copy = join(folder, "elsewhere");
    mkdirSync(copy);
    for (const name of ["dist", "deploy", "LICENSE", "package.json", "package-lock.json"]) {
      const filter = (path: string) => !/dist\/(package|test)|\.map$/.test(path);
      cpSync(name, join(copy, name), { recursive: true, filter });
    }
    execFileSync("ln", ["-s", join(process.cwd(), "node_modules"), join(copy, "node_modules")]);
    const before = process.umask(0o077);
    try {
      build(copy, join(folder, "again"), "--arch", process.arch === "arm64" ? "arm64" : "x64");
    } finally {
      process.umask(before);
    }
    const sums = (where: string) => readFileSync(join(folder, where, "SHA256SUMS"), "utf8");
    expect(sums("again")).toBe(sums("out"));
  });

  it("is built for the other architecture too, where npm has its binary", () => {
    const other = process.arch === "arm64" ? "x64" : "arm64";
    const into = join(folder, "other");
    const program = ["dist/deploy/package/main.js", "--into", into, "--arch", other];
    const { status, stderr } = spawnSync(process.execPath, program, { encoding: "utf8" });
    if (status !== 0) {
      expect(stderr).toMatch(/^not built: \S+: npm does not give @koromix\/koffi-linux-\w+@[\d.]+; /);
      console.log(`not checked: ${stderr.trim()}`);
      return;
    }
    const name = readdirSync(into).find((one) => one.endsWith(`linux-${other}.tar.gz`)) ?? "";
    const names = execFileSync("tar", ["-tzf", join(into, name)], { encoding: "utf8" });
    expect(names).toMatch(new RegExp(`/linux_${other}/koffi\\.node\n`));
    expect(names).not.toContain(`linux_${process.arch}/koffi.node`);
  });

  it("checks the machine", async () => {
    const { code, stdout } = await lab.run(["doctor", "--json"]);
    const checks = JSON.parse(stdout) as { checks: { name: string; outcome?: string; state?: string }[] };
    expect(checks.checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["node", "native calls", "driver"]));
    expect(code).toBe(0);
  });

  it("says what a scan would send", async () => {
    const { code, stdout, stderr } = await lab.run(["scan", "--dry-run", ...SCAN(home)]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain("198.18.0.");
    expect(lab.synsArrived()).toBe(0);
  });

  it("scans, from threads of its own", async () => {
    const { code, stdout, stderr } = await lab.run(["scan", ...SCAN(home)]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const rows = stdout.trim().split("\n");
    // 256 hosts, four probes each.
    expect(rows).toHaveLength(1_024);
    expect(rows.filter((row) => row.includes('"verdict":"claims-v1"'))).toHaveLength(256);
    expect(lab.synsArrived()).toBe(1_024);
  });

  it("scans with the rights that its systemd unit gives", async () => {
    const unit = readFileSync(join(agent, "../../systemd/parallax-agent.service"), "utf8");
    const caps = (/^AmbientCapabilities=(.*)$/m.exec(unit)?.[1] ?? "").split(" ");
    const flags = caps.map((name) => `+${name.replace("CAP_", "").toLowerCase()}`).join(",");
    const as = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", `--inh-caps=${flags}`];
    const rights = [...as, `--ambient-caps=${flags}`, `--bounding-set=-all,${flags}`];
    const { code, stdout, stderr } = await lab.run(["scan", ...SCAN(home)], ["setpriv", ...rights]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout.trim().split("\n")).toHaveLength(1_024);
  });

  it("decodes a capture", async () => {
    const file = join(folder, "one.pcap");
    writeFileSync(file, classicCapture({}, [1, 0, SYN_ACK]));
    const { code, stdout } = await lab.run(["decode", file]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: "tcp", source: "198.18.0.2", flags: ["SYN", "ACK"] });
  });

  it("says so when Node is missing or too old", () => {
    const missing = spawnSync(agent, ["--version"], { env: { PATH: process.env.PATH, PARALLAX_NODE: "/no/node" } });
    expect(missing.status).toBe(1);
    expect(String(missing.stderr)).toMatch(/^parallax-agent: Node\.js is missing \(\/no\/node\); install .*\n$/);
    const old = join(folder, "old.cjs");
    writeFileSync(old, 'Object.defineProperty(process.versions, "node", { value: "18.20.4" });\n');
    const start = spawnSync(agent, ["--version"], { env: { ...process.env, NODE_OPTIONS: `--require ${old}` } });
    expect(start.status).toBe(1);
    expect(String(start.stderr)).toMatch(/^parallax-agent: Node 18\.20\.4 is too old, .*\n$/);
  });
});

const SCAN = (home: string): string[] => ["--config", join(home, "agent.yaml"), "198.18.0.0/24", "-p", "80", "-c", "1"];
