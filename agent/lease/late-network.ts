import type { Prefix } from "../../shared/address/prefix.js";
import type { ProbeNetwork } from "./probing.js";

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
  const there = (): ProbeNetwork => {
    if (network === null) throw new RangeError("the network is not open");
    return network;
  };
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
    startProbing: (job) => there().startProbing(job),
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
      if (!signal.aborted) await there().run(signal);
    },
    stats: () => network?.stats() ?? { packetsSent: 0, replies: 0, kernelDrops: 0, sendErrors: 0 },
    close: async () => network?.close(),
  };
}
