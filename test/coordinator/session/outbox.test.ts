import { describe, expect, it } from "@jest/globals";
import { createOutbox } from "../../../coordinator/session/outbox.js";
import type { SessionResponse } from "../../../shared/generated/parallax/agent/v1/session.js";

const ack = (sequence: number): SessionResponse => ({ body: { $case: "ack", value: { sequence: BigInt(sequence) } } });

/** A stream that takes `room` messages before it asks to wait. */
function slowStream(room: number) {
  const taken: number[] = [];
  let drain: (() => void) | null = null;
  let left = room;
  return {
    taken,
    write(message: SessionResponse) {
      taken.push(message.body?.$case === "ack" ? Number(message.body.value.sequence) : -1);
      left--;
      return left > 0;
    },
    once(_: "drain", listener: () => void) {
      drain = listener;
    },
    drain() {
      left = room;
      drain?.();
    },
  };
}

describe("the outbox of a session", () => {
  it("stops writing when the stream is full and goes on, in order, when it has drained", () => {
    const stream = slowStream(2);
    const outbox = createOutbox(stream, () => undefined);
    for (const sequence of [1, 2, 3, 4, 5]) {
      outbox.write(ack(sequence));
    }
    expect(stream.taken).toEqual([1, 2]);
    expect(outbox.writable).toBe(false);

    stream.drain();
    stream.drain();
    expect(stream.taken).toEqual([1, 2, 3, 4, 5]);
    expect(outbox.writable).toBe(true);
  });

  it("puts the released message before what was held back", () => {
    const stream = slowStream(10);
    const outbox = createOutbox(stream, () => undefined);
    outbox.hold();
    outbox.write(ack(2));
    expect(stream.taken).toEqual([]);
    outbox.release(ack(1));

    expect(stream.taken).toEqual([1, 2]);
  });

  it("reports an agent that does not read instead of keeping messages without bound", () => {
    const reasons: string[] = [];
    const outbox = createOutbox(slowStream(1), (reason) => {
      reasons.push(reason);
      outbox.close();
    });
    for (let sequence = 0; sequence < 5_000; sequence++) {
      outbox.write(ack(sequence));
    }

    expect(reasons).toHaveLength(1);
  });
});
