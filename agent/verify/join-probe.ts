import { askWithSyn, type Patience } from "./ask.js";
import { resetReason, type SegmentLog } from "./evidence.js";
import type { Flow } from "./flow.js";

/** What an MP_JOIN with a token that nobody has got back. */
export interface JoinProbe {
  readonly answer: "mp-tcprst" | "rst" | "syn-ack" | "unreachable" | "silent";
  /** Reason of the MP_TCPRST. */
  readonly reason: number | null;
  /** Unix microseconds; null where nothing answered. */
  readonly capturedUs: number | null;
}

/**
 * Asks to join a connection that is not there. A host of version 1 refuses with MP_TCPRST (RFC 8684 sections 3.2 and
 * 3.6), which a box that mirrors options cannot make up; a host without MPTCP answers the SYN as any other.
 */
export async function probeJoin(
  flow: Flow,
  unknown: { readonly token: number; readonly nonce: number },
  patience: Patience,
  log: SegmentLog,
): Promise<JoinProbe> {
  const join = { kind: "MP_JOIN", form: "SYN", backup: false, addressId: 0, ...unknown } as const;
  const answer = await askWithSyn(flow, join, patience);
  switch (answer.kind) {
    case "silent":
      flow.close();
      return { answer: "silent", reason: null, capturedUs: null };
    case "unreachable":
      flow.close();
      return { answer: "unreachable", reason: null, capturedUs: answer.arrival.capturedUs };
    case "syn-ack":
      log.add("join-probe", answer.tcp);
      await flow.reset();
      return { answer: "syn-ack", reason: null, capturedUs: answer.arrival.capturedUs };
    case "rst": {
      log.add("join-probe", answer.tcp);
      flow.close();
      const reason = resetReason(answer.tcp);
      return { answer: reason === null ? "rst" : "mp-tcprst", reason, capturedUs: answer.arrival.capturedUs };
    }
  }
}
