import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createScanLab, type ScanLab } from "./scan-lab.js";

interface Row {
  readonly saddr: string;
  readonly sport: number;
  readonly classification: string;
  readonly variant: string;
  readonly verdict: string;
  readonly index: number;
}

const rowsOf = (text: string): Row[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

describe("parallax-agent scan", () => {
  let lab: ScanLab;
  const folder = mkdtempSync(join(tmpdir(), "parallax-scan-"));
  const path = (name: string): string => join(folder, name);
  const config = path("agent.yaml");
  beforeAll(() => {
    lab = createScanLab();
    writeFileSync(config, 'open: [198.18.0.0/15, "2001:2::/48"]\n');
  }, 60_000);
  afterAll(() => {
    lab.destroy();
    rmSync(folder, { recursive: true });
  });

  const scan = (...args: string[]) => lab.run(["scan", "--config", config, ...args]);

  it("finds the open and the closed port of hosts of both families, and tells it as ZMap does", async () => {
    const files = ["-m", path("meta.json"), "-u", path("status.csv")];
    const { code, stdout, stderr } = await scan(
      "198.18.0.0/30",
      "2001:2:0:1::8/127",
      "-p",
      "80,81",
      "-c",
      "1",
      ...files,
    );
    expect(code).toBe(0);
    const rows = rowsOf(stdout);
    // Six hosts, two ports, four probes.
    expect(rows).toHaveLength(48);
    for (const row of rows) {
      const expected = row.sport === 81 ? "rst" : row.variant === "v1" ? "claims-v1" : "plain";
      expect(row.verdict).toBe(expected);
      expect(row.classification).toBe(row.sport === 81 ? "rst" : "synack");
    }
    const [first] = rows;
    expect(first).toMatchObject({ daddr: expect.stringMatching(/^(192\.0\.2\.1|2001:db8:7::1)$/), repeat: false });
    expect(first).toMatchObject({
      seqnum: expect.any(Number),
      acknum: expect.any(Number),
      optionshex: expect.any(String),
    });
    expect(stderr).toMatch(/0:0\d \d+%; send: 48 done .*; recv: 48 .*; hits: 24; drops: 0 .*; hitrate: 50\.00%/);
    expect(JSON.parse(readFileSync(path("meta.json"), "utf8"))).toMatchObject({
      target_ports: [80, 81],
      packets_sent: 48,
      targets_scanned: 12,
      success_total: 24,
      failure_total: 24,
      output_results: 48,
      iface: "up0",
      source_ips: ["192.0.2.1", "2001:db8:7::1"],
      end_reason: "completed",
      pcap_recv: 48,
      pcap_drop: 0,
    });
    expect(readFileSync(path("status.csv"), "utf8")).toMatch(/^real-time,.*\n(\d{4}-\d\d-\d\d .*\n)+$/);
    expect(lab.synsArrived()).toBe(48);
  }, 30_000);

  it("writes CSV with the columns and rows asked for", async () => {
    const fields = ["-O", "csv", "-f", "saddr,sport,success", "--output-filter", "success = 1", "-o", path("out.csv")];
    const { code } = await scan("198.18.0.0/31", "-p", "80,81", "--variant", "plain", "-c", "5", "-q", ...fields);
    expect(code).toBe(0);
    const [header, ...rows] = readFileSync(path("out.csv"), "utf8").trim().split("\n");
    expect(header).toBe("saddr,sport,success");
    expect(rows.sort()).toEqual(["198.18.0.0,80,1", "198.18.0.1,80,1"]);
  }, 30_000);

  it("sends nothing in a dry run, and nothing to what is blocked", async () => {
    lab.synsArrived();
    writeFileSync(path("block.txt"), "198.18.0.0/25 # asked by mail\n");
    const dry = await scan("198.18.0.0/24", "-b", path("block.txt"), "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain("128 in 198.18.0.0/25: asked by mail");
    expect(dry.stdout).toMatch(/192\.0\.2\.1\.\d+ > 198\.18\.0\.\d+\.80: SYN/);
    expect(lab.synsArrived()).toBe(0);

    const { stdout } = await scan("198.18.0.0/24", "-b", path("block.txt"), "--variant", "v1", "-c", "5", "-q");
    const hosts = rowsOf(stdout).map((row) => Number(row.saddr.split(".")[3]));
    expect(hosts).toHaveLength(128);
    expect(Math.min(...hosts)).toBe(128);
    expect(lab.synsArrived()).toBe(128);
  }, 30_000);

  it("does not trace what is blocked either", async () => {
    writeFileSync(
      path("optout.yaml"),
      "open: [198.18.0.0/15]\noptOuts: [{ prefix: 198.18.9.0/24, date: 2026-03-01, reason: mail }]\n",
    );
    const { code, stderr } = await lab.run(["trace", "--config", path("optout.yaml"), "198.18.9.1"]);
    expect(code).toBe(2);
    expect(stderr).toContain("198.18.9.0/24 is left out (opted out on 2026-03-01: mail (optOuts))");
  }, 30_000);

  it("sends no faster than its rows are read, and loses none", async () => {
    lab.synsArrived();
    // Rows of some 800 bytes: those of a third of the targets fill what may wait.
    const args = ["scan", "--config", config, "198.18.0.0/16", "--variant", "v1", "-r", "8000", "-q", "-f", "*"];
    const running = lab.start(args, "pipe");
    await sleep(6000);
    const before = lab.synsArrived();
    expect(before).toBeGreaterThan(10_000);
    expect(before).toBeLessThan(40_000);
    await sleep(500);
    expect(lab.synsArrived()).toBe(0);
    let text = "";
    running.stdout?.on("data", (data) => {
      text += String(data);
    });
    await once(running, "close");
    expect(new Set(rowsOf(text).map(({ index }) => index)).size).toBe(65_536);
  }, 60_000);

  it("stops after so many rows, or seconds", async () => {
    const few = await scan(
      "198.18.0.0/20",
      "--variant",
      "v1",
      "-N",
      "7",
      "--window",
      "300",
      "-q",
      "-m",
      path("few.json"),
    );
    expect(rowsOf(few.stdout)).toHaveLength(7);
    expect(JSON.parse(readFileSync(path("few.json"), "utf8"))).toMatchObject({
      end_reason: "max-results",
      max_results: 7,
    });

    lab.synsArrived();
    await scan(
      "198.18.0.0/20",
      "--variant",
      "v1",
      "-r",
      "200",
      "-t",
      "2",
      "--window",
      "300",
      "-q",
      "-m",
      path("short.json"),
    );
    expect(JSON.parse(readFileSync(path("short.json"), "utf8"))).toMatchObject({ end_reason: "max-runtime" });
    expect(lab.synsArrived()).toBeGreaterThan(300);
  }, 30_000);

  it("stops when almost nothing answers, and says so", async () => {
    const { code, stderr } = await scan(
      "198.19.0.0/20",
      "-p",
      "80",
      "-r",
      "100",
      "--window",
      "200",
      "--min-hitrate",
      "10",
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/stopped: 0\.00 % of the probes found an open port, --min-hitrate is 10 %/);
  }, 40_000);

  it("answers whoever asks what it is while it scans", async () => {
    const page = path("page.yaml");
    const contact = 'contact: { email: noc@example.net, url: "https://example.net" }\n';
    writeFileSync(page, `open: [198.18.0.0/15]\n${contact}infoPage: { port: 8080 }\n`);
    const running = lab.start(["scan", "--config", page, "198.18.0.0/20", "-r", "100", "-q"]);
    try {
      await sleep(2000);
      const answer = await lab.atHosts(async () => (await fetch("http://192.0.2.1:8080/")).text());
      expect(answer).toContain("mailto:noc@example.net");
    } finally {
      await ended(running, "SIGKILL");
    }
  }, 30_000);

  it("ends in order when it is interrupted", async () => {
    const files = ["-o", path("cut.json"), "-m", path("cut-meta.json"), "--resume", path("cut.state")];
    const running = lab.start(["scan", "--config", config, "198.18.0.0/18", "-r", "2000", "--window", "300", ...files]);
    await sleep(3000);
    expect(await ended(running, "SIGINT")).toBe(0);
    const meta = JSON.parse(readFileSync(path("cut-meta.json"), "utf8")) as { output_results: number };
    expect(meta).toMatchObject({ end_reason: "interrupted" });
    expect(rowsOf(readFileSync(path("cut.json"), "utf8"))).toHaveLength(meta.output_results);
  }, 30_000);

  it("killed three times and resumed covers every target, and asks few of them twice", async () => {
    const rate = 3000;
    const windowMs = 500;
    const state = path("state");
    const line = ["198.18.0.0/18", "--variant", "v1", "-r", `${rate}`, "--window", `${windowMs}`];
    const args = ["scan", "--config", config, ...line, "-o", path("out.json"), "--resume", state, "-T", "2", "-q"];
    lab.synsArrived();
    for (let i = 0; i < 3; i++) {
      const running = lab.start(args);
      while (!existsSync(state) && running.exitCode === null) await sleep(20);
      await sleep(1200 + 700 * i);
      await ended(running, "SIGKILL");
    }
    const { code, stderr } = await lab.run(args);
    expect(stderr).toContain("targets are over, going on behind them");
    expect(code).toBe(0);

    const indices = rowsOf(readFileSync(path("out.json"), "utf8")).map(({ index }) => index);
    expect(new Set(indices).size).toBe(16_384);
    // Of each kill: the reply window and a second, and what the sender takes at a time (a fifth of a second).
    const mostTwice = 3 * rate * (windowMs / 1000 + 1 + 0.2);
    const syns = lab.synsArrived();
    expect(syns).toBeGreaterThan(16_384);
    expect(syns - 16_384).toBeLessThanOrEqual(mostTwice);
    expect(indices.length).toBeLessThanOrEqual(syns);

    const again = await lab.run(args);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing is left to be sent") });
    expect(lab.synsArrived()).toBe(0);
  }, 60_000);

  it("refuses to go on with another scan", async () => {
    const { code, stderr } = await scan("198.18.0.0/17", "--resume", path("state"), "-o", path("out.json"));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /is of another scan: targets was 16384 addresses \(\w+\) and is 32768 addresses \(\w+\); repeat/,
    );
  }, 30_000);
});

/** The exit code; null after SIGKILL. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const over = once(child, "exit");
  child.kill(signal);
  return (await over)[0] as number | null;
}
