import { joinHmac, type MptcpVersion, tokenOf } from "../../shared/option/mptcp-crypto.js";
import { TCP_ACK, TCP_FIN, TCP_RST } from "../../shared/packet/tcp.js";
import type { JoinVerdict } from "../../shared/verdict/names.js";
import { askWithSyn } from "./ask.js";
import { mptcpOptionsOf, resetReason, type SegmentLog } from "./evidence.js";
import type { Flow } from "./flow.js";

export interface SecondSubflowOptions {
  readonly flow: Flow;
  readonly version: MptcpVersion;
  readonly ownKey: bigint;
  readonly otherKey: bigint;
  readonly nonce: number;
  /** What the first exchange took. */
  readonly rttMs: number;
  /** Monotonic ms at which everything must be over. */
  readonly untilMs: number;
  readonly nowMs: () => number;
  readonly log: SegmentLog;
  /** Sends REMOVE_ADDR for an address id on the first subflow. */
  readonly remove: (addressId: number) => Promise<void>;
}

export interface SecondSubflow {
  /** Empty when there was no time left to tell. */
  readonly verdict: JoinVerdict | "";
  /** Of the MP_TCPRST that rejected it. */
  readonly reason: number | null;
  /** Whether the host closed the subflow after REMOVE_ADDR; empty when it was not asked to, or time ran out. */
  readonly removal: "removed" | "kept" | "";
}

/** Of our only address, as this subflow names it. */
const ADDRESS_ID = 1;
const NOTHING: SecondSubflow = { verdict: "", reason: null, removal: "" };

/**
 * Opens a second subflow from another port (RFC 8684 section 3.2) and has it removed (section 3.4.2).
 *
 * - `join-accepted`: the host proved in its SYN/ACK that it knows both keys, and acknowledged ours.
 * - `join-rejected`: it answered with RST.
 * - `join-blocked`: silence though the first subflow lives, or a SYN/ACK without the option or with a wrong HMAC.
 */
export async function openSecondSubflow(options: SecondSubflowOptions): Promise<SecondSubflow> {
  const { flow, version, ownKey, otherKey, nonce, rttMs, untilMs, nowMs, log } = options;
  const join = { kind: "MP_JOIN", backup: false, addressId: ADDRESS_ID } as const;
  const leftMs = untilMs - nowMs();
  const waitMs = Math.min(leftMs / 2, Math.max(LEAST_WAIT_MS, 2 * rttMs));
  const answer = await askWithSyn(
    flow,
    { ...join, form: "SYN", token: tokenOf(version, otherKey), nonce },
    { retries: 1, waitMs },
  );
  switch (answer.kind) {
    case "silent":
      flow.close();
      return waitMs >= 1.5 * rttMs ? { ...NOTHING, verdict: "join-blocked" } : NOTHING;
    case "unreachable":
      flow.close();
      return { ...NOTHING, verdict: "join-blocked" };
    case "rst":
      log.add("second", answer.tcp);
      flow.close();
      return { ...NOTHING, verdict: "join-rejected", reason: resetReason(answer.tcp) };
    case "syn-ack":
      break;
  }

  log.add("second", answer.tcp);
  const theirs = mptcpOptionsOf(answer.tcp).find((one) => one.kind === "MP_JOIN");
  const theirNonce = theirs?.kind === "MP_JOIN" && theirs.form === "SYN/ACK" ? theirs.nonce : 0;
  const expected = joinHmac(version, { ownKey: otherKey, otherKey: ownKey, ownNonce: theirNonce, otherNonce: nonce });
  if (theirs?.kind !== "MP_JOIN" || theirs.form !== "SYN/ACK" || theirs.truncatedHmac !== expected.truncated) {
    await flow.reset();
    return { ...NOTHING, verdict: "join-blocked" };
  }
  const { leftmost160 } = joinHmac(version, { ownKey, otherKey, ownNonce: nonce, otherNonce: theirNonce });
  const ack = { flags: TCP_ACK, mptcp: { kind: "MP_JOIN", form: "ACK", hmac: leftmost160 } } as const;
  const end = await acceptedOr(ack, waitMs);
  if (end !== "accepted") {
    await flow.reset();
    return end;
  }
  await options.remove(ADDRESS_ID);
  const isRemoved = await closes(waitMs);
  const removal = isRemoved ? "removed" : nowMs() < untilMs ? "kept" : "";
  await flow.reset();
  return { verdict: "join-accepted", reason: null, removal };

  /** The host must acknowledge the third ACK (section 3.2), which makes the subflow usable. */
  async function acceptedOr(ack: Parameters<Flow["send"]>[0], waitMs: number): Promise<"accepted" | SecondSubflow> {
    for (let attempt = 0; attempt < 2; attempt++) {
      if ((await flow.send(ack)) === null) return NOTHING;
      const untilAckMs = Math.min(untilMs, nowMs() + waitMs);
      for (;;) {
        const arrival = await flow.next(untilAckMs - nowMs());
        if (arrival === null) break;
        if (arrival.packet.kind !== "tcp") continue;
        const { tcp } = arrival.packet;
        log.add("second", tcp);
        if ((tcp.flags & TCP_RST) !== 0) return { ...NOTHING, verdict: "join-rejected", reason: resetReason(tcp) };
        // A SYN/ACK once more means that the ACK, or its option, did not arrive.
        if (mptcpOptionsOf(tcp).some(({ kind }) => kind === "DSS") || !isSynAck(tcp.flags)) {
          flow.take(tcp);
          return "accepted";
        }
      }
    }
    return nowMs() < untilMs ? { ...NOTHING, verdict: "join-blocked" } : NOTHING;
  }

  async function closes(waitMs: number): Promise<boolean> {
    const untilCloseMs = Math.min(untilMs, nowMs() + waitMs);
    for (;;) {
      const arrival = await flow.next(untilCloseMs - nowMs());
      if (arrival === null) return false;
      if (arrival.packet.kind !== "tcp") continue;
      log.add("second", arrival.packet.tcp);
      flow.take(arrival.packet.tcp);
      if ((arrival.packet.tcp.flags & (TCP_RST | TCP_FIN)) !== 0) return true;
    }
  }
}

const LEAST_WAIT_MS = 100;
const SYN_ACK = 0x12;

function isSynAck(flags: number): boolean {
  return (flags & SYN_ACK) === SYN_ACK;
}
