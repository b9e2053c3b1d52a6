import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { medianInterval, pairedDifferences } from "../../../shared/timing/difference.js";
import { HELD_BACK_MS, holdsMptcpBack, none } from "./delays.js";
import { VALID } from "./self-signed.js";
import { createTimingLab, PAGE, PORTS, type PrintedRow, type TimingLab } from "./timing-lab.js";

const HOST = "198.18.0.1";
const RUNS = 8;
/** What the host's own MPTCP may cost: less counts as no effect. */
const OWN_COST_US = 2_000;

describe("parallax-agent time", () => {
  let lab: TimingLab;
  beforeAll(async () => {
    lab = await createTimingLab();
  }, 60_000);
  afterAll(() => lab.destroy());

  const pages = (rows: readonly PrintedRow[]): PrintedRow[] => rows.filter(({ run }) => run > 0);
  const differences = (rows: readonly PrintedRow[], port: number, phase: Parameters<typeof pairedDifferences>[1]) => {
    const interval = medianInterval(
      pairedDifferences(
        pages(rows).filter((row) => row.port === port),
        phase,
      ),
    );
    if (interval?.low == null || interval.high == null) throw new Error("no interval");
    return { low: interval.low, high: interval.high };
  };

  it("finds that packets with an MPTCP option are held back, by as much as they are in each round trip", async () => {
    const rows = await lab.rows(holdsMptcpBack, HOST, "--port", "80,443", "--runs", `${RUNS}`);
    expect(pages(rows)).toHaveLength(2 * 2 * RUNS);
    for (const row of pages(rows)) {
      expect(row).toMatchObject({ outcome: "complete", status: 200, bodyBytes: PAGE.length });
      expect(row).toMatchObject(
        row.transport === "mptcp" ? { mptcp: "negotiated", subflows: 1 } : { mptcp: "", subflows: 0 },
      );
    }
    // Round trips to the end of each phase: the handshake of TCP, that of TLS 1.3, the request.
    for (const [port, phase, roundTrips] of [
      [80, "connect", 1],
      [80, "pretransfer", 1],
      [80, "firstByte", 2],
      [80, "total", 2],
      [443, "connect", 1],
      [443, "pretransfer", 2],
      [443, "firstByte", 3],
      [443, "total", 3],
    ] as const) {
      const { low, high } = differences(rows, port, phase);
      const heldBackUs = roundTrips * HELD_BACK_MS * 1000;
      expect({ port, phase, isLater: low > 0 }).toEqual({ port, phase, isLater: true });
      expect(low).toBeLessThan(heldBackUs + OWN_COST_US * roundTrips);
      expect(high).toBeGreaterThan(heldBackUs - OWN_COST_US);
    }
  }, 180_000);

  it("finds no difference where nothing holds them back", async () => {
    const rows = await lab.rows(none, HOST, "--port", "80,443", "--runs", `${RUNS}`);
    for (const port of [80, 443]) {
      for (const phase of ["connect", "pretransfer", "firstByte", "total"] as const) {
        const { low, high } = differences(rows, port, phase);
        expect({ port, phase, none: low < OWN_COST_US && high > -OWN_COST_US }).toEqual({ port, phase, none: true });
      }
    }
  }, 180_000);

  it("keeps to one connection per host at a time, a second apart, whatever the port", async () => {
    const rows = await lab.rows(none, HOST, "--port", "80,443", "--runs", "1");
    expect(rows).toHaveLength(6);
    expect(lab.connections().most).toBe(1);
    expect(lab.connections().closest).toBeGreaterThanOrEqual(995);
  });

  it("asks IPv6 hosts too, and tells servers who asks", async () => {
    const rows = await lab.rows(none, "2001:2:0:1::7", "--runs", "1");
    expect(pages(rows).map(({ transport, mptcp, status }) => [transport, mptcp, status])).toEqual([
      ["tcp", "", 200],
      ["mptcp", "negotiated", 200],
    ]);
    expect(lab.asked.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(["80 /robots.txt", "80 /", "80 /"]);
    expect(lab.asked[0]).toMatch(/ parallax\/\d+\.\d+\.\d+ \(web timing/);
  });

  it("records a certificate that nobody vouches for, and goes on", async () => {
    const rows = await lab.rows(none, HOST, "--port", "443", "--runs", "1");
    for (const row of rows) {
      expect(row).toMatchObject({
        scheme: "https",
        outcome: "complete",
        tlsVersion: "TLSv1.3",
        certificate: expect.stringMatching(/^[0-9a-f]{64}$/),
        certificateSubject: "OU=lab, CN=timed.test",
        certificateIssuer: "OU=lab, CN=timed.test",
        certificateFrom: VALID.from,
        certificateTo: VALID.to,
        certificateError: "DEPTH_ZERO_SELF_SIGNED_CERT",
      });
    }
  });

  it("tells a host of TCP from one that fell back on the way", async () => {
    const [, ...rows] = await lab.rows(none, HOST, "--port", `${PORTS.tcpOnly}`, "--runs", "1");
    expect(rows.map(({ transport, mptcp, subflows }) => [transport, mptcp, subflows])).toEqual([
      ["tcp", "", 0],
      ["mptcp", "fell-back", 0],
    ]);
  });

  it.each<[string, keyof typeof PORTS, readonly string[], object]>([
    ["a closed port", "closed", [], { run: 0, outcome: "refused", robots: "unreachable", status: 0, connectUs: null }],
    ["TLS on a plain port", "http", ["--https", "80"], { run: 0, scheme: "https", outcome: "tls-failed" }],
    ["a server of something else", "banner", [], { run: 0, outcome: "not-http", robots: "unreachable" }],
    ["a robots.txt that says no to us", "forbidden", [], { run: 0, outcome: "complete", robots: "disallowed" }],
    ["a robots.txt that cannot be had", "brokenRobots", [], { run: 0, status: 503, robots: "unreachable" }],
  ])("makes one connection and no more where it meets %s", async (_name, port, more, row) => {
    const rows = await lab.rows(none, HOST, "--port", `${PORTS[port]}`, "--runs", "3", ...more);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ transport: "tcp", path: "/robots.txt", ...row });
    expect(lab.asked.filter((line) => line.includes(" / "))).toEqual([]);
  });

  it("gives up a server that never answers, and makes no further runs", async () => {
    const rows = await lab.rows(none, HOST, "--port", `${PORTS.silent}`, "--timeout", "1500", "--runs", "3");
    expect(pages(rows)).toHaveLength(2);
    for (const row of pages(rows)) {
      expect(row).toMatchObject({ outcome: "timeout", detail: "no first byte", status: 0, firstByteUs: null });
      expect(row).toMatchObject({ totalUs: null, connectUs: expect.any(Number) });
    }
  });

  it("reads no more of a body without end than it was told", async () => {
    const rows = await lab.rows(none, HOST, "--port", `${PORTS.endless}`, "--body-limit", "50000", "--runs", "1");
    for (const row of pages(rows)) {
      expect(row).toMatchObject({ outcome: "body-limit", status: 200, bodyBytes: 50_000, totalUs: expect.any(Number) });
    }
    expect(pages(rows)).toHaveLength(2);
  });

  it("says when a response is cut off", async () => {
    const rows = await lab.rows(none, HOST, "--port", `${PORTS.cutOff}`, "--runs", "1");
    expect(pages(rows)).toMatchObject([{ outcome: "closed" }, { outcome: "closed" }]);
    for (const row of pages(rows)) expect(row).toMatchObject({ status: 200, totalUs: null, bodyBytes: 9 });
  });

  it("records a redirect and does not follow it", async () => {
    const rows = await lab.rows(none, HOST, "--port", `${PORTS.redirect}`, "--runs", "1");
    for (const row of pages(rows)) {
      expect(row).toMatchObject({ outcome: "complete", status: 301, location: "http://198.18.0.9/elsewhere" });
    }
    expect(lab.asked.some((line) => line.includes("elsewhere"))).toBe(false);
  });

  it("says in words what it found", async () => {
    const { stdout } = await lab.run(none, HOST, "--port", `80,${PORTS.forbidden}`, "--runs", "1");
    expect(stdout).toMatch(/^198\.18\.0\.1 port 80, http$/m);
    expect(stdout).toMatch(/^ {2}MPTCP: status 200 \(1\), negotiated \(1\)$/m);
    expect(stdout).toMatch(/^ {2}connect +\d+\.\d\d ms +\d+\.\d\d ms +[+-]\d+\.\d\d ms$/m);
    expect(stdout).toMatch(/not timed: robots\.txt does not allow it/);
  });

  it.each([
    [
      "net.mptcp.blackhole_timeout=3600",
      "net.mptcp.blackhole_timeout=0",
      /blackhole_timeout is 3600: .*; run `sysctl -w/,
    ],
    ["net.mptcp.enabled=0", "net.mptcp.enabled=1", /net\.mptcp\.enabled is 0\); run `sysctl -w net\.mptcp\.enabled=1`/],
  ])("asks nobody with %s, and names the remedy", async (setting, back, message) => {
    lab.atAgent(`sysctl -qw ${setting}`);
    try {
      const { code, stdout, stderr } = await lab.run(none, HOST);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(lab.asked).toEqual([]);
    } finally {
      lab.atAgent(`sysctl -qw ${back}`);
    }
  });

  it("asks nobody whom the agent's file does not open", async () => {
    const { code, stderr } = await lab.run(none, "192.0.2.2");
    expect(code).toBe(2);
    expect(stderr).toMatch(/192\.0\.2\.2 is in 192\.0\.2\.0\/24/);
  });
});
