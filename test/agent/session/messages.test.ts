import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeGrant, decodePlan, encodeMarks } from "../../../agent/session/messages.js";
import { DecodeError } from "../../../shared/errors.js";
import { Grant, Plan } from "../../../shared/generated/parallax/agent/v1/session.js";

const PLAN: Plan = {
  plan: "c1/synscan/v4/80",
  campaign: "c1",
  stage: "synscan",
  secret: Buffer.alloc(16, 1),
  ports: [80],
  variants: ["v1"],
  options: "linux",
  packetsPerSecond: 100,
  retries: 1,
  replyWindowMs: 2_000,
  maxTtl: 0,
  routerPacketsPerSecond: 0,
  source: { $case: "space", value: { ranges: [{ first: 1, last: 9 }], permutationKey: Buffer.alloc(16, 2) } },
};
const GRANT: Grant = { lease: "L", epoch: 1n, plan: PLAN.plan, from: 5n, to: 6n, targets: [] };

describe("what the coordinator sends", () => {
  test("is taken over, keys as copies", () => {
    const secret = Buffer.alloc(16, 1);
    const plan = decodePlan({ ...PLAN, secret });
    secret.fill(9);
    expect(plan.secret).toEqual(new Uint8Array(16).fill(1));
    expect(plan.source).toEqual({
      kind: "space",
      ranges: [{ first: 1, last: 9 }],
      permutationKey: new Uint8Array(16).fill(2),
    });
  });

  test("says how to time where it is to be timed, and nothing of it elsewhere", () => {
    const timing = { runs: 6, timeoutMs: 20_000, bodyLimitBytes: 65_536, httpsPorts: [443] };
    expect(decodePlan({ ...PLAN, stage: "timing", timing }).timing).toEqual(timing);
    expect(decodePlan({ ...PLAN, timing }).timing).toBeNull();
  });

  test("has IPv4 targets in 4 bytes, which become mapped addresses", () => {
    const targets = [{ address: Buffer.from([198, 18, 0, 7]), port: 443 }];
    const [target] = decodeGrant({ ...GRANT, targets }).targets;
    expect([...(target?.address ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 18, 0, 7]);
  });

  test.each<[string, Partial<Plan>]>([
    ["a stage of a later version", { stage: "webtiming" }],
    ["a variant of a later version", { variants: ["v2"] }],
    ["a short secret", { secret: Buffer.alloc(15) }],
    ["no campaign", { campaign: "" }],
    ["port 0", { ports: [0] }],
    ["a rate of nothing", { packetsPerSecond: 0 }],
    ["more retries than any campaign needs", { retries: 1_000 }],
    ["a reply window of an hour", { replyWindowMs: 3_600_000 }],
    ["a TTL that a probe has no bits for", { maxTtl: 64 }],
    ["timing without numbers", { stage: "timing" }],
    [
      "a body of any length",
      { stage: "timing", timing: { runs: 1, timeoutMs: 1, bodyLimitBytes: 2 ** 32 - 1, httpsPorts: [] } },
    ],
    ["no source", { source: undefined }],
    [
      "a range that ends before it begins",
      {
        source: { $case: "space", value: { ranges: [{ first: 9, last: 1 }], permutationKey: Buffer.alloc(16) } },
      },
    ],
    ["a list that is too long to number", { source: { $case: "list", value: { size: 2n ** 53n } } }],
  ])("is refused with %s", (_what, change) => {
    expect(() => decodePlan({ ...PLAN, ...change })).toThrow(DecodeError);
  });

  test.each<[string, Partial<Grant>]>([
    ["an empty interval", { to: 5n }],
    ["an interval that ends before it begins", { to: 4n }],
    ["an index past 2^53", { to: 2n ** 60n }],
    ["a listed address of 5 bytes", { targets: [{ address: Buffer.alloc(5), port: 80 }] }],
    ["a listed port past 65535", { targets: [{ address: Buffer.alloc(4), port: 65_536 }] }],
    ["no lease", { lease: "" }],
  ])("is refused with %s", (_what, change) => {
    expect(() => decodeGrant({ ...GRANT, ...change })).toThrow(DecodeError);
  });

  test("whatever it is, is taken or refused with DecodeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const [type, decode] of [
          [Plan, decodePlan],
          [Grant, decodeGrant],
        ] as const) {
          let message: Plan & Grant;
          try {
            message = type.decode(bytes) as Plan & Grant;
          } catch {
            continue; // grpc-js ends the stream for bytes that are no message
          }
          try {
            decode(message);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
    );
  });
});

test("marks go out as 64-bit numbers without loss", () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(encodeMarks({ lease: "L", epoch: 1, sent: most, done: most - 1, committed: 0 })).toEqual({
    lease: "L",
    epoch: 1n,
    sent: 9_007_199_254_740_991n,
    done: 9_007_199_254_740_990n,
    committed: 0n,
  });
});
