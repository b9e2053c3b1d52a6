import { expect, test } from "@jest/globals";
import { createDeliveries, type Deliveries } from "../../../agent/publish/deliveries.js";

function create(known: string[] = [], maxInFlight = 10): Deliveries {
  return createDeliveries({ known, maxInFlight, noticeTimeoutMs: 30_000, retryMs: 1_000 });
}

/** Everything that is due now, accepted by the broker at once. */
function publishAll(deliveries: Deliveries, batches: string[], nowMs: number): string[] {
  const taken: string[] = [];
  for (let next = deliveries.take(batches, nowMs); next !== null; next = deliveries.take(batches, nowMs)) {
    deliveries.accepted(next.batch, nowMs);
    taken.push(`${next.batch}#${next.attempt}`);
  }
  return taken;
}

test("the first publication of a batch is attempt 1, oldest batch first", () => {
  expect(publishAll(create(), ["a", "b"], 0)).toEqual(["a#1", "b#1"]);
});

test("a batch that an earlier life may have published begins with attempt 2", () => {
  expect(publishAll(create(["a"]), ["a", "b"], 0)).toEqual(["a#2", "b#1"]);
});

test("without a notice a batch goes out again with the next attempt, ever less often", () => {
  const deliveries = create();
  const times: string[] = [];
  for (let nowMs = 0; nowMs < 900_000; nowMs += 1_000) {
    times.push(...publishAll(deliveries, ["a"], nowMs).map((delivery) => `${delivery}@${nowMs / 1000}`));
  }
  expect(times).toEqual(["a#1@0", "a#2@30", "a#3@90", "a#4@210", "a#5@450", "a#6@690"]);
});

test("a publication that failed is tried again a second later, as the next attempt", () => {
  const deliveries = create();
  expect(deliveries.take(["a"], 0)).toEqual({ batch: "a", attempt: 1 });
  deliveries.failed("a", 100);
  expect(deliveries.take(["a"], 1_099)).toBeNull();
  expect(deliveries.take(["a"], 1_100)).toEqual({ batch: "a", attempt: 2 });
});

test("no batch is on its way twice at a time", () => {
  const deliveries = create();
  deliveries.take(["a"], 0);
  expect(deliveries.take(["a"], 3_600_000)).toBeNull();
});

test("no more than the bound are in flight; a notice makes room", () => {
  const deliveries = create([], 2);
  expect(publishAll(deliveries, ["a", "b", "c"], 0)).toEqual(["a#1", "b#1"]);
  expect(deliveries.inFlight(0)).toBe(2);
  deliveries.forget("a");
  expect(publishAll(deliveries, ["b", "c"], 0)).toEqual(["c#1"]);
});

test("a batch without notice counts as in flight until it is due again", () => {
  const deliveries = create([], 1);
  publishAll(deliveries, ["a"], 0);
  expect([deliveries.inFlight(29_999), deliveries.inFlight(30_000)]).toEqual([1, 0]);
});

test("a notice that comes before the broker's answer is final", () => {
  const deliveries = create();
  deliveries.take(["a"], 0);
  deliveries.forget("a");
  deliveries.accepted("a", 1);
  expect(deliveries.inFlight(1)).toBe(0);
});
