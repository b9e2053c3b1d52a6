import type { ProbeNetwork } from "../../../agent/lease/probing.js";
import { replyRow } from "../../agent/lease/rows.js";

/** An interface on which every fourth target answers: an index a millisecond, with a reply window of 50 ms. */
export interface TestNetwork extends ProbeNetwork {
  /** Every index sent, in order. */
  readonly sent: number[];
}

const WINDOW_MS = 50;

export function createTestNetwork(options: { rowBytes?: number } = {}): TestNetwork {
  const sent: number[] = [];
  return {
    ipv4: true,
    ipv6: false,
    sources: [],
    driver: { name: "sim", reason: "a test" },
    listen: null,
    sent,
    startProbing(job) {
      const times: number[] = [];
      let [next, done, stopped] = [job.from, job.from, false];
      let finish: () => void = () => undefined;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const timer = setInterval(() => {
        const now = performance.now();
        for (
          let i = 0;
          i < 5 && next < job.to && !stopped && job.allowedUntil() > Number(process.hrtime.bigint()) / 1e6;
          i++
        ) {
          sent.push(next);
          times.push(now);
          if (next % 4 === 0) {
            job.emit({ ...replyRow(next), options: new Uint8Array(options.rowBytes ?? 0) });
          }
          next++;
        }
        while (done < next && (times[done - job.from] ?? now) + WINDOW_MS <= now) {
          done++;
        }
        if (done === next && (stopped || next === job.to)) {
          clearInterval(timer);
          finish();
        }
      }, 5);
      return {
        // Its timer asks.
        gateMoved: () => undefined,
        get sent() {
          return next;
        },
        get done() {
          return done;
        },
        stop() {
          stopped = true;
        },
        finished,
      };
    },
    leaveOut: async () => undefined,
    run: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
    stats: () => ({
      packetsSent: sent.length,
      replies: Math.ceil(sent.length / 4),
      kernelDrops: 0,
      sendErrors: 0,
      unclaimed: 0,
      foreign: 0,
      malformed: 0,
      rateWaits: 0,
    }),
    close: async () => undefined,
  };
}
