import { type Grant, SessionRequest, SessionResponse } from "../../shared/generated/parallax/agent/v1/session.js";
import type { RecordedMessage } from "./recording.js";

export type AgentBody = NonNullable<SessionRequest["body"]>;
export type CoordinatorBody = NonNullable<SessionResponse["body"]>;

export function agentBody(bytes: Buffer): AgentBody {
  const { body } = SessionRequest.decode(bytes);
  if (body === undefined) throw new Error("a recorded message of the agent that this version does not know");
  return body;
}

export function coordinatorBody(bytes: Buffer): CoordinatorBody {
  const { body } = SessionResponse.decode(bytes);
  if (body === undefined) throw new Error("a recorded message of the coordinator that this version does not know");
  return body;
}

/** What of a recorded message goes over the wire in its stead. */
export type Rewrite = (bytes: Buffer) => Buffer;

/** Whether today's types say of every message what the recorded bytes say: nothing is lost when one is rewritten. */
export function keepsEverything({ from, bytes }: RecordedMessage): boolean {
  const again =
    from === "agent"
      ? SessionRequest.encode(SessionRequest.decode(bytes)).finish()
      : SessionResponse.encode(SessionResponse.decode(bytes)).finish();
  return bytes.equals(again);
}

/** Fields of some later version, a number and a text, in the message and in what it carries. */
const LATER = Buffer.from([0xc0, 0x3e, 0x07, 0xca, 0x3e, 0x05, ...Buffer.from("later")]);

export const withLaterFields: Rewrite = (bytes) => {
  // One field: its number and type, its length (a varint), and as many bytes.
  const tagBytes = lengthOfVarint(bytes, 0);
  const begins = tagBytes + lengthOfVarint(bytes, tagBytes);
  const carried = Buffer.concat([bytes.subarray(begins), LATER]);
  return Buffer.concat([bytes.subarray(0, tagBytes), varint(carried.length), carried, LATER]);
};

function lengthOfVarint(bytes: Buffer, at: number): number {
  let length = 1;
  while (((bytes[at + length - 1] ?? 0) & 0x80) !== 0) length++;
  return length;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** An absolute index of a recorded lease, at the same place of another one. */
export function placeIn(recorded: Grant, present: Grant, mark: bigint): bigint {
  const share = Number(mark - recorded.from) / Number(recorded.to - recorded.from);
  return present.from + BigInt(Math.round(share * Number(present.to - present.from)));
}
