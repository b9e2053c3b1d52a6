import { describe, expect, it } from "@jest/globals";
import type { Hop, OtherPort, SynAck, Trace, View } from "../../../coordinator/compare/evidence.js";
import { changesOn } from "../../../coordinator/compare/judge.js";
import { answering, quoting, trace, view } from "./paths.js";

const LINUX: Omit<SynAck, "variant"> = { replyTtl: 60, window: 65_160, optionKinds: [2, 4, 8, 3] };
const BOX: Omit<SynAck, "variant"> = { replyTtl: 62, window: 65_535, optionKinds: [2, 8] };

function seen(
  traces: readonly Trace[],
  synAcks: readonly SynAck[],
  otherPorts: readonly OtherPort[] = [],
): readonly { condition: string; after: string | null; before: string; pathLength: number }[] {
  const one: View = { ...view("fra", "plain", ...traces), synAcks, otherPorts };
  return changesOn([one]).map(({ condition, after, before, pathLength }) => ({ condition, after, before, pathLength }));
}

const proxied = (after: string, before: string, pathLength: number) => [
  { condition: "tcp.synack.proxied", after, before, pathLength },
];
const through = (...ttls: number[]): Hop[] => ttls.map((ttl) => quoting(ttl, `r${ttl}`));
const near = trace("plain", ...through(1, 2), answering(3, "h", "plain"));
const far = (variant: "v0" | "v1", length: number) =>
  trace(variant, ...through(...Array.from({ length: length - 1 }, (_, i) => i + 1)), answering(length, "h", "plain"));

describe("a SYN/ACK that is not the host's", () => {
  it("is given away by routers behind it that quote the same flow", () => {
    const goesOn = trace("plain", ...near.hops, ...through(4, 5), answering(6, "h", "plain"));
    expect(seen([goesOn], [{ variant: "plain", ...BOX }])).toEqual(proxied("r2", "h", 6));
  });

  it("is not by a single one, as a way that changes has", () => {
    const oneMore = trace("plain", ...near.hops, ...through(3));
    expect(seen([oneMore], [{ variant: "plain", ...BOX }])).toEqual([]);
  });

  it("is given away by another variant's path, which goes on over the same hop", () => {
    const synAcks: SynAck[] = [
      { variant: "plain", ...LINUX },
      { variant: "v1", ...LINUX },
    ];
    expect(seen([near, far("v1", 6)], synAcks)).toEqual(proxied("r2", "h", 6));
    const elsewhere = trace("v1", quoting(1, "r1"), quoting(2, "x2"), ...through(3, 4, 5), answering(6, "h", "plain"));
    expect(seen([near, elsewhere], synAcks)).toEqual([]);
  });

  it("one hop nearer than another variant's is one of two machines, where the stacks differ as well", () => {
    const plain: SynAck = { variant: "plain", ...BOX };
    expect(seen([near, far("v1", 4)], [plain, { variant: "v1", ...LINUX }])).toEqual(proxied("r2", "h", 4));
    expect(seen([near, far("v1", 4)], [plain, { variant: "v1", ...BOX }])).toEqual([]);
    // Option 30 and the experimental one are no difference: not every SYN offers them.
    const offered = { variant: "v1", ...BOX, window: 1, optionKinds: [2, 8, 30] } as const;
    expect(seen([near, far("v1", 4)], [plain, offered])).toEqual([]);
  });

  it("is given away by another port three routers farther, and by none that is nearer", () => {
    const synAcks: SynAck[] = [{ variant: "plain", ...LINUX }];
    const other = (length: number) => [{ port: 443, hops: far("v1", length).hops }];
    expect(seen([near], synAcks, other(6))).toEqual(proxied("r2", "h", 6));
    expect(seen([near], synAcks, other(5))).toEqual([]);
  });

  it("is given away by a window of 0", () => {
    expect(seen([near], [{ variant: "plain", ...LINUX, window: 0 }])).toEqual(proxied("r2", "h", 0));
  });

  it("is given away by its TTL, from three hops nearer than both hops before it, and placed by it", () => {
    const path = (replyTtl: number) =>
      trace("plain", ...through(1, 2, 3, 4, 5), { ...answering(6, "h", "plain"), replyTtl });
    const synAcks: SynAck[] = [{ variant: "plain", ...LINUX }];
    // The fourth router's answer comes through three, the fifth's through four.
    expect(seen([path(128 - 0)], synAcks)).toEqual(proxied("", "r1", 6).map((one) => ({ ...one, after: null })));
    expect(seen([path(64 - 1)], synAcks)).toEqual([]);
    expect(seen([path(64 - 5)], synAcks)).toEqual([]);
  });

  it("is given away by time and TTL together, and by time alone is not", () => {
    const slow = (hop: Hop): Hop => ({ ...hop, rttUs: 50_000 });
    const path = (replyTtl: number) =>
      trace("plain", ...through(1, 2, 3), ...through(4, 5).map(slow), {
        ...answering(6, "h", "plain"),
        replyTtl,
        rttUs: 2_000,
      });
    const synAcks: SynAck[] = [{ variant: "plain", ...LINUX }];
    expect(seen([path(64 - 2)], synAcks)).toEqual(proxied("r2", "r3", 6));
    expect(seen([path(64 - 5)], synAcks)).toEqual([]);
  });

  it("is not looked for by distance where the answer does not bring its probe's TTL back", () => {
    const goesOn = trace("plain", ...near.hops, ...through(4, 5), answering(6, "h", "plain"));
    expect(seen([goesOn], [{ variant: "plain", ...LINUX, optionKinds: [2, 4, 3] }])).toEqual([]);
  });
});
