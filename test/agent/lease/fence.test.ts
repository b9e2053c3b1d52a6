import { describe, expect, test } from "@jest/globals";
import { createFence } from "../../../agent/lease/fence.js";

function fenceAt() {
  const time = { now: 1_000 };
  const fence = createFence(() => time.now);
  fence.setStopAfterMs(10_000);
  let sequence = 0;
  const send = (): number => {
    sequence += 1;
    fence.heartbeatSent(sequence);
    return sequence;
  };
  const isOpen = (): boolean => fence.openUntil() > time.now;
  return { time, fence, send, isOpen };
}

describe("the fence", () => {
  test("is closed until a heartbeat was acknowledged", () => {
    const { fence, send, isOpen } = fenceAt();
    expect(isOpen()).toBe(false);
    const first = send();
    expect(isOpen()).toBe(false);
    fence.heartbeatAcknowledged(first);
    expect(isOpen()).toBe(true);
  });

  test("closes 10 s after the acknowledged heartbeat was sent, however late the acknowledgement came", () => {
    const { time, fence, send, isOpen } = fenceAt();
    const first = send();
    time.now += 4_000;
    fence.heartbeatAcknowledged(first);
    time.now += 5_999;
    expect(isOpen()).toBe(true);
    time.now += 1;
    expect(isOpen()).toBe(false);
  });

  test("does not open for an acknowledgement that lay in the socket while the process was stopped", () => {
    const { time, fence, send, isOpen } = fenceAt();
    const early = send();
    const late = send();
    fence.heartbeatAcknowledged(early);
    time.now += 12_000;
    fence.heartbeatAcknowledged(late);
    expect(isOpen()).toBe(false);
  });

  test("once closed, opens with the second round trip, so that a revocation behind the first is seen before", () => {
    const { time, fence, send, isOpen } = fenceAt();
    fence.heartbeatAcknowledged(send());
    time.now += 20_000;
    const first = send();
    const alsoBefore = send();
    time.now += 5;
    fence.heartbeatAcknowledged(first);
    expect(isOpen()).toBe(false);
    fence.heartbeatAcknowledged(alsoBefore);
    expect(isOpen()).toBe(false);
    const second = send();
    fence.heartbeatAcknowledged(second);
    expect(isOpen()).toBe(true);
  });

  test("ignores an acknowledgement of a heartbeat that was never sent", () => {
    const { fence, isOpen } = fenceAt();
    fence.heartbeatAcknowledged(7);
    expect(isOpen()).toBe(false);
    expect(fence.lastAckAt).toBeNull();
  });

  test("never moves back when acknowledgements come out of order", () => {
    const { time, fence, send } = fenceAt();
    const first = send();
    time.now += 1_000;
    const second = send();
    fence.heartbeatAcknowledged(second);
    fence.heartbeatAcknowledged(first);
    expect(fence.lastAckAt).toBe(2_000);
  });
});
