import type { Prefix } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { ProbeJob, ProbeRun } from "./engine.js";
import { NO_NETWORK_STATS, type ProbeNetwork } from "./probing.js";

/** A network that may not be there yet: until then it has no family, so that nobody gives it work, and sends nothing. */
export interface LateNetwork extends ProbeNetwork {
  /** Opens it, when it is not open. Rejects as the opening does, and may be called again then. */
  open(): Promise<void>;
}

export function createLateNetwork(openNetwork: () => Promise<ProbeNetwork>): LateNetwork {
  let network: ProbeNetwork | null = null;
  let leftOut: readonly Prefix[] = [];
  let opened: () => void = () => undefined;
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  return {
    async open() {
      if (network !== null) return;
      const found = await openNetwork();
      await found.leaveOut(leftOut);
      network = found;
      opened();
    },
    get ipv4() {
      return network?.ipv4 ?? false;
    },
    get ipv6() {
      return network?.ipv6 ?? false;
    },
    get sources() {
      return network?.sources ?? [];
    },
    get driver() {
      return network?.driver ?? { name: null, reason: "" };
    },
    get listen() {
      return network?.listen ?? null;
    },
    startProbing: (job) => network?.startProbing(job) ?? notOpen(job),
    async leaveOut(prefixes) {
      leftOut = prefixes;
      await network?.leaveOut(prefixes);
    },
    async run(signal) {
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
        if (signal.aborted) resolve();
      });
      await Promise.race([isOpen, aborted]);
      if (!signal.aborted) await network?.run(signal);
    },
    stats: () => network?.stats() ?? NO_NETWORK_STATS,
    close: async () => network?.close(),
  };
}

/** Work that a coordinator gives all the same is refused. */
function notOpen({ from }: ProbeJob): ProbeRun {
  const error = new UserError("this agent cannot send", { remedy: "its self-test says why" });
  return { sent: from, done: from, gateMoved: () => undefined, stop: () => undefined, finished: Promise.reject(error) };
}
