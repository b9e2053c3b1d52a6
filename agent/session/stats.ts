import type { AgentStats } from "../../shared/lease/work.js";

/** Counters since the agent began; the rate is that since the last call. */
export interface StatsSources {
  readonly network: () => { packetsSent: number; replies: number; kernelDrops: number; sendErrors: number };
  readonly spoolBytes: () => number;
  readonly lastError: () => string;
  readonly nowMs: () => number;
}

/** What the heartbeats say of the agent itself; to be called once per heartbeat. */
export function createStats(sources: StatsSources): () => AgentStats {
  let lastPackets = 0;
  let lastMs = sources.nowMs();
  return () => {
    const network = sources.network();
    const now = sources.nowMs();
    const seconds = (now - lastMs) / 1_000;
    const packetsPerSecond = seconds > 0 ? Math.round((network.packetsSent - lastPackets) / seconds) : 0;
    [lastPackets, lastMs] = [network.packetsSent, now];
    return { ...network, packetsPerSecond, spoolBytes: sources.spoolBytes(), lastError: sources.lastError() };
  };
}
