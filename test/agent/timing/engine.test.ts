import { afterEach, describe, expect, it } from "@jest/globals";
import { createPacer } from "../../../agent/rate/pacer.js";
import { createRateCap } from "../../../agent/rate/rate-cap.js";
import { createTiming, type TimingOptions } from "../../../agent/timing/engine.js";
import type { Visit, VisitRequest } from "../../../agent/timing/visit.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import type { WebTimingRow } from "../../../shared/batch/rows.js";
import { UserError } from "../../../shared/errors.js";
import { createListSource } from "../../../shared/target/list.js";
import { createFastClock } from "./fast-clock.js";

interface Made {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly transport: string;
  readonly fromMs: number;
  untilMs: number;
  cut: boolean;
}

const ANSWER: Visit = {
  ...{ outcome: "complete", detail: "", startedAtUs: 1, connectUs: 1, pretransferUs: 2, firstByteUs: 3, totalUs: 4 },
  ...{ status: 404, location: "", server: "", body: new Uint8Array(0), bodyBytes: 0, mptcp: "", subflows: 0 },
  ...{ tlsVersion: "", certificate: "", certificateSubject: "", certificateIssuer: "" },
  ...{ certificateFrom: "", certificateTo: "", certificateError: "" },
};
/** What a page takes. */
const VISIT_MS = 300;

describe("timing", () => {
  const clocks: ReturnType<typeof createFastClock>[] = [];
  afterEach(() => {
    for (const clock of clocks.splice(0)) clock.stop();
  });

  /** An engine whose pages take a while and are all alike, unless `answer` says otherwise. */
  function createLab(targets: readonly string[], more: Partial<TimingOptions> = {}, answer: Partial<Visit> = {}) {
    const clock = createFastClock();
    clocks.push(clock);
    const listed = targets.map((text) => {
      const [address = "", port = "80"] = text.split(" ");
      return { address: parseAddress(address), port: Number(port) };
    });
    const made: Made[] = [];
    const rows: WebTimingRow[] = [];
    const leftOut: number[] = [];
    const visit = async ({ target, path, transport, signal }: VisitRequest): Promise<Visit | null> => {
      const fromMs = clock.monotonicMs();
      const one = { host: formatAddress(target.address), port: target.port, path, transport, fromMs };
      const entry: Made = { ...one, untilMs: fromMs, cut: false };
      made.push(entry);
      while (clock.monotonicMs() < fromMs + VISIT_MS && !signal.aborted) await clock.sleep(10);
      entry.untilMs = clock.monotonicMs();
      entry.cut = signal.aborted;
      return signal.aborted ? null : { ...ANSWER, ...answer };
    };
    const allowedUntil = more.allowedUntil ?? (() => Number.POSITIVE_INFINITY);
    const limiter = createRateCap({ packetsPerSecond: 1_000_000, nowMs: clock.monotonicMs });
    const engine = createTiming({
      ...{ clock, visit, runs: 2, timeoutMs: 20_000, bodyLimitBytes: 1000, httpsPorts: [443] },
      pacer: createPacer({ limiter, clock, allowedUntil }),
      ...{ source: createListSource(listed), sourceId: "timing/v4/80", from: 0, to: listed.length },
      ...{ allowedUntil, isSkipped: () => false, busyHosts: new Set<string>(), prepare: () => undefined },
      emit: (row) => rows.push(row),
      onLeftOut: (index) => leftOut.push(index),
      ...more,
    });
    return { engine, clock, made, rows, leftOut };
  }
  const never = new AbortController().signal;

  it("asks for robots.txt, then for the page over both transports, the order changing with the runs", async () => {
    const { engine, made, rows } = createLab(["198.18.0.1"]);
    await engine.run(never);
    expect(made.map(({ path, transport }) => `${path} ${transport}`)).toEqual([
      "/robots.txt tcp",
      "/ tcp",
      "/ mptcp",
      "/ mptcp",
      "/ tcp",
    ]);
    expect(rows.map(({ run, transport }) => `${run} ${transport}`)).toEqual([
      "0 tcp",
      "1 tcp",
      "1 mptcp",
      "2 mptcp",
      "2 tcp",
    ]);
    expect(engine.progress()).toMatchObject({ sent: 1, done: 1, replies: 5, skipped: 0 });
  });

  it("has one connection to a host at a time, a second apart, and many hosts at a time", async () => {
    const { engine, made } = createLab(["198.18.0.1 80", "198.18.0.1 443", "198.18.0.2 80", "198.18.0.3 80"]);
    await engine.run(never);
    for (const host of ["198.18.0.1", "198.18.0.2", "198.18.0.3"]) {
      const own = made.filter((one) => one.host === host);
      expect(own).toHaveLength(host === "198.18.0.1" ? 10 : 5);
      for (const [i, { fromMs }] of own.slice(1).entries()) {
        expect(fromMs - (own[i]?.untilMs ?? 0)).toBeGreaterThanOrEqual(1000);
      }
    }
    const firsts = ["198.18.0.1", "198.18.0.2", "198.18.0.3"].map((host) => made.find((one) => one.host === host));
    expect(Math.max(...firsts.map((one) => one?.fromMs ?? 0))).toBeLessThan(1100);
  });

  it("lets a host rest before its index is done: whoever comes next finds the second kept", async () => {
    const lab = createLab(["198.18.0.1"], { runs: 1 });
    await lab.engine.run(never);
    expect(lab.clock.monotonicMs()).toBeGreaterThanOrEqual((lab.made.at(-1)?.untilMs ?? 0) + 1000);
  });

  it("makes no more runs where the first got no byte over either transport", async () => {
    const { engine, made } = createLab(["198.18.0.1"], {}, { firstByteUs: null });
    await engine.run(never);
    expect(made.map(({ path }) => path)).toEqual(["/robots.txt", "/", "/"]);
  });

  it("closes a connection the moment that nothing may be sent, and makes it again later", async () => {
    let allowed = Number.POSITIVE_INFINITY;
    const lab = createLab(["198.18.0.1"], { runs: 1, allowedUntil: () => allowed });
    const running = lab.engine.run(never);
    while (lab.made.length < 2) await lab.clock.sleep(10);
    allowed = 0;
    lab.engine.gateMoved();
    const shutMs = lab.clock.monotonicMs();
    await lab.clock.sleep(60_000);
    expect(lab.made).toHaveLength(2);
    expect(lab.made[1]).toMatchObject({ path: "/", transport: "tcp", cut: true });
    expect((lab.made[1]?.untilMs ?? 0) - shutMs).toBeLessThanOrEqual(50);
    expect(lab.engine.progress()).toMatchObject({ sent: 1, done: 0 });
    allowed = Number.POSITIVE_INFINITY;
    await running;
    expect(lab.made.slice(2).map(({ transport }) => transport)).toEqual(["tcp", "mptcp"]);
    expect(lab.rows).toHaveLength(3);
  });

  it("leaves a host in the middle of a connection when it opts out, and does not begin with others that did", async () => {
    const out = new Set<string>(["198.18.0.2"]);
    const isSkipped = (address: Uint8Array) => out.has(formatAddress(address));
    const lab = createLab(["198.18.0.1", "198.18.0.2"], { isSkipped });
    const running = lab.engine.run(never);
    while (lab.made.length < 3) await lab.clock.sleep(10);
    out.add("198.18.0.1");
    await running;
    expect(lab.made).toHaveLength(3);
    expect(lab.made[2]?.cut).toBe(true);
    expect(lab.leftOut).toEqual([1]);
    expect(lab.rows.map(({ run, transport }) => `${run} ${transport}`)).toEqual(["0 tcp", "1 tcp"]);
    expect(lab.engine.progress()).toMatchObject({ sent: 2, done: 2, skipped: 1 });
  });

  it("says nothing of a target that the end cut short, which is then not done", async () => {
    const lab = createLab(["198.18.0.1"]);
    const stop = new AbortController();
    const running = lab.engine.run(stop.signal);
    while (lab.made.length < 2) await lab.clock.sleep(10);
    stop.abort();
    await running;
    expect(lab.made.at(-1)?.cut).toBe(true);
    expect(lab.rows).toEqual([]);
    expect(lab.engine.progress()).toMatchObject({ sent: 1, done: 0 });
  });

  it("asks nobody where nothing can be timed", async () => {
    const problem = new UserError("no MPTCP", { remedy: "another kernel" });
    const lab = createLab(["198.18.0.1"], {
      prepare() {
        throw problem;
      },
    });
    await expect(lab.engine.run(never)).rejects.toBe(problem);
    expect(lab.made).toEqual([]);
  });
});
