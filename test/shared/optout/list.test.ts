import { describe, expect, it } from "@jest/globals";
import { formatPrefix, parsePrefix } from "../../../shared/address/prefix.js";
import { optOutList, packPrefixes, unpackOptOuts, unpackPrefixes } from "../../../shared/optout/list.js";

const TEXTS = ["2001:db8::/32", "0.0.0.0/0", "::/0", "9.9.9.9/32", "10.0.0.0/8", "2001:db8::1/128"];

describe("a list of opt-outs", () => {
  it("is the same whatever order it came in, without doubles", () => {
    const lists = [TEXTS, [...TEXTS].reverse(), [...TEXTS, ...TEXTS]].map((texts) =>
      optOutList(1, texts.map(parsePrefix)),
    );
    expect(new Set(lists.map(({ hash }) => hash)).size).toBe(1);
    expect(lists[2]?.prefixes).toHaveLength(TEXTS.length);
    expect(optOutList(1, TEXTS.slice(1).map(parsePrefix)).hash).not.toBe(lists[0]?.hash);
  });

  it("survives being packed", () => {
    const list = optOutList(5, TEXTS.map(parsePrefix));
    const packed = packPrefixes(list.prefixes);
    expect(unpackOptOuts(5, list.hash, packed)).toEqual(list);
    expect(new Set(unpackPrefixes(packed).map(formatPrefix))).toEqual(new Set(TEXTS));
    expect(() => unpackPrefixes(packed.subarray(1))).toThrow("cut off");
    const bad = Buffer.from(packPrefixes([parsePrefix("10.0.0.0/8")]));
    for (const length of [6, 33, 255]) {
      bad[16] = length;
      expect(() => unpackPrefixes(bad)).toThrow("bits set behind its length");
    }
  });
});
