import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { formatAddress, ipv4FromNumber } from "../../shared/address/address.js";
import { parsePrefix } from "../../shared/address/prefix.js";
import { errorMessage } from "../../shared/errors.js";
import { createBlocklist } from "../../shared/target/blocklist.js";
import { createPermutation } from "../../shared/target/permutation.js";
import { createRangeSet, rangeOfPrefix, subtractRanges } from "../../shared/target/ranges.js";
import { createSharedBits, fillBits, firstUnset } from "./address-bitmap.js";
import type { CoverageReply, CoverageWork } from "./coverage-worker.js";
import { workedIntervals } from "./leases.js";
import { SPECIAL_PURPOSE } from "./special-purpose.js";

const REPORT_MS = 5_000;

/**
 * Walks all of IPv4 as a campaign does: the permutation over what the default blocklist leaves, cut into leases, some
 * handed over half done, worked off by all cores. Every allowed address must come exactly once, and no other ever. The
 * bits of special-purpose addresses are set before the start, so an address that must not be asked is found like one
 * that is asked twice, and at the end every bit is set. Throws an error that names the first address at fault.
 */
async function prove(key: Uint8Array): Promise<void> {
  const special = createRangeSet(SPECIAL_PURPOSE.map(parsePrefix).map(rangeOfPrefix));
  const allowed = subtractRanges([{ first: 0, last: 2 ** 32 - 1 }], createBlocklist([]).ranges.ranges);
  const threads = availableParallelism();
  console.log(`${allowed.size} addresses, ${threads} threads, permutation key ${Buffer.from(key).toString("hex")}`);

  const bits = createSharedBits();
  for (const { first, last } of special.ranges) fillBits(bits, first, last);
  const work: CoverageWork = { space: { ranges: allowed.ranges, ports: [443], permutationKey: key }, bits };
  const dice = createPermutation(2 ** 32, key);
  let throws = 0;
  const intervals = workedIntervals(allowed.size, () => dice.at(throws++) / 2 ** 32);
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1_000;
  let targets = 0;

  /** Lets one thread work off intervals until there is none, then write what it has collected. */
  const runThread = async (): Promise<void> => {
    const worker = new Worker(new URL("./coverage-worker.js", import.meta.url), { workerData: work });
    for (let ended = false; !ended; ) {
      const next = intervals.next();
      ended = next.done === true;
      worker.postMessage(next.done === true ? null : next.value);
      const [reply] = (await once(worker, "message")) as [CoverageReply];
      targets += reply.targets;
      const [address] = reply.marked;
      if (address !== undefined) {
        const why = special.contains(address) ? "although it is special-purpose" : "twice";
        throw new Error(`${textOf(address)} was asked ${why}`);
      }
    }
  };
  const ticker = setInterval(() => {
    const share = targets / allowed.size;
    const left = share < 0.01 ? "" : `, ${((seconds() * (1 - share)) / share).toFixed(0)} s left`;
    console.log(`${(100 * share).toFixed(1)} %, ${targets} targets${left}`);
  }, REPORT_MS);
  try {
    await Promise.all(Array.from({ length: threads }, runThread));
  } finally {
    clearInterval(ticker);
  }
  const missing = firstUnset(bits);
  if (missing !== null) throw new Error(`${textOf(missing)} was never asked`);
  const perTargetNs = (seconds() * threads * 1e9) / targets;
  console.log(
    `proved: ${targets} addresses asked, each once, none of the ${special.size} special-purpose ones; ` +
      `${seconds().toFixed(0)} s, ${perTargetNs.toFixed(0)} ns a target and thread, ` +
      `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB with the bitmap`,
  );
}

function textOf(address: number): string {
  return formatAddress(ipv4FromNumber(address));
}

const [, , keyText] = process.argv;
try {
  await prove(keyText === undefined ? randomBytes(16) : Buffer.from(keyText, "hex"));
} catch (error) {
  console.error(`coverage proof failed: ${errorMessage(error)}`);
  process.exit(1);
}
