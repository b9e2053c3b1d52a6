import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createTraceLab, type TraceLab } from "./trace-lab.js";

const hasTcpdump = spawnSync("tcpdump", ["--version"]).status === 0;
const hasScamper = spawnSync("scamper", ["-v"]).error === undefined;
if (!hasTcpdump) process.stderr.write("traces are not read from captures: there is no tcpdump on this machine\n");
if (!hasScamper) process.stderr.write("no capture of scamper's is read: there is no scamper on this machine\n");

interface HopLine {
  readonly target: string;
  readonly port: number;
  readonly variant: string;
  readonly ttl: number;
  readonly kind: string;
  readonly [field: string]: unknown;
}

// A machine that has much else to do loses packets, and with them hops.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

(hasTcpdump ? describe : describe.skip)("trace --from-pcap beside the trace that was captured", () => {
  const folder = mkdtempSync(join(tmpdir(), "parallax-trace-"));
  const config = join(folder, "agent.yaml");
  const file = join(folder, "trace.pcap");
  let lab: TraceLab;

  beforeAll(() => {
    writeFileSync(config, 'open: [198.18.0.0/15, "2001:2::/48"]\n');
    lab = createTraceLab();
  });
  afterAll(() => {
    lab.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it("finds the same hops with the same quotes, verdicts and changes", async () => {
    const end = await lab.capture(file);
    const targets = ["198.18.0.1", "198.18.0.2", "2001:2:0:1::5"];
    const line = ["trace", ...targets, "--config", config, "--variant", "v0,v1,plain", "--json", "--window", "500"];
    const live = await lab.run(line);
    await end();
    const captured = await lab.run(["trace", "--from-pcap", file, "--json"]);
    expect([live.code, live.stderr, captured.code, captured.stderr]).toEqual([0, "", 0, ""]);
    const wanted = hopsOf(live.stdout);
    expect(hopsOf(captured.stdout)).toEqual(wanted);
    // Two routers and the host, for each of three targets and three variants; the second router sees what the first did.
    expect(wanted.size).toBe(27);
    expect(wanted.get("198.18.0.1 80 v1 2")).toMatchObject({ mptcp: "stripped-nop", responder: "198.51.100.2" });
    expect(wanted.get("2001:2:0:1::5 80 v1 1")).toMatchObject({ mptcp: "unmodified", changes: [] });
    expect(wanted.get("198.18.0.2 80 v1 3")).toMatchObject({ kind: "synack", verdict: "plain" });
  }, 60_000);

  (hasScamper ? it : it.skip)(
    "finds the hops that scamper prints in a capture of scamper's",
    async () => {
      const scampers = join(folder, "scamper.pcap");
      const end = await lab.capture(scampers);
      const targets = ["198.18.0.1", "2001:2:0:1::5"];
      const printed = targets.map((target) => lab.other("scamper", ["-c", "trace -P tcp -d 80 -w 1", "-i", target]));
      await end();
      const { stdout } = await lab.run(["trace", "--from-pcap", scampers, "--json"]);
      const hops = [...hopsOf(stdout).values()];
      for (const [i, target] of targets.entries()) {
        // ` 2  198.51.100.2  0.079 ms`
        const theirs = [...(printed[i] ?? "").matchAll(/^ *(\d+) +([\da-f.:]+) /gm)].map(([, ttl, hop]) => [
          Number(ttl),
          hop,
        ]);
        const ours = hops.filter((hop) => hop.target === target).map(({ ttl, responder }) => [ttl, responder]);
        expect(theirs).toHaveLength(3);
        expect(ours).toEqual(theirs);
      }
    },
    60_000,
  );

  it("gives the verdicts of the target that it was captured with", async () => {
    const run = spawnSync(process.execPath, ["dist/coordinator/main.js", "replay", "--from-pcap", file, "--json"]);
    const views = String(run.stdout)
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(run.status).toBe(0);
    expect(views).toHaveLength(3);
    const answers = { v0: "plain", v1: "plain", plain: "plain" };
    for (const view of views) expect(view).toMatchObject({ port: 80, answers, verdict: "plain" });
  });
});

/** Hops by target, variant and TTL, up to where the target answered, without what two captures measure differently. */
function hopsOf(text: string): Map<string, Partial<HopLine>> {
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as HopLine);
  const trace = ({ target, port, variant }: HopLine): string => `${target} ${port} ${variant}`;
  const ends = new Map<string, number>();
  for (const hop of lines) {
    const end = hop.kind === "time-exceeded" ? Number.POSITIVE_INFINITY : hop.ttl;
    ends.set(trace(hop), Math.min(ends.get(trace(hop)) ?? Number.POSITIVE_INFINITY, end));
  }
  return new Map(
    lines
      .filter((hop) => hop.ttl <= (ends.get(trace(hop)) ?? 0))
      .map(({ source: _source, index: _index, receivedAtUs: _received, rttUs: _rtt, ...hop }) => [
        `${hop.target} ${hop.port} ${hop.variant} ${hop.ttl}`,
        hop,
      ]),
  );
}
