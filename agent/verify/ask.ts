import type { WellFormedMptcp } from "../../shared/option/mptcp-encode.js";
import { icmpMeaning } from "../../shared/packet/icmp-meaning.js";
import { TCP_ACK, TCP_RST, TCP_SYN, type TcpHeader } from "../../shared/packet/tcp.js";
import type { Flow } from "./flow.js";
import type { Arrival } from "./host-link.js";

/** What a SYN got back. */
export type SynAnswer =
  | { readonly kind: "syn-ack" | "rst"; readonly tcp: TcpHeader; readonly arrival: Arrival; readonly rttMs: number }
  | { readonly kind: "unreachable"; readonly arrival: Arrival }
  | { readonly kind: "silent" };

/** How long and how often a SYN is sent. */
export interface Patience {
  readonly retries: number;
  readonly waitMs: number;
}

/** Sends a SYN with `mptcp` until something answers. The first answer counts. */
export async function askWithSyn(flow: Flow, mptcp: WellFormedMptcp, patience: Patience): Promise<SynAnswer> {
  for (let attempt = 0; attempt <= patience.retries; attempt++) {
    const sentAtMs = await flow.send({ flags: TCP_SYN, mptcp, again: attempt > 0 });
    if (sentAtMs === null) break;
    const answer = await firstAnswer(flow, patience.waitMs);
    if (answer === null) continue;
    if (answer.packet.kind === "icmp-error") return { kind: "unreachable", arrival: answer };
    const { tcp } = answer.packet;
    // After a retry nobody knows which SYN was answered; the time since the last is the least it can be.
    const rttMs = Math.max(0, answer.capturedUs / 1000 - sentAtMs);
    return { kind: (tcp.flags & TCP_RST) === 0 ? "syn-ack" : "rst", tcp, arrival: answer, rttMs };
  }
  return { kind: "silent" };
}

async function firstAnswer(flow: Flow, waitMs: number): Promise<Arrival | null> {
  for (;;) {
    const arrival = await flow.next(waitMs);
    if (arrival === null) return null;
    const { packet } = arrival;
    if (packet.kind === "icmp-error") {
      if (icmpMeaning(packet.icmp, packet.ip.family) === "unreachable") return arrival;
      continue;
    }
    const { flags } = packet.tcp;
    if ((flags & TCP_RST) !== 0) return arrival;
    if ((flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK)) {
      flow.take(packet.tcp);
      return arrival;
    }
  }
}
