import { describe, expect, it } from "@jest/globals";
import { parseSelector, SelectorError } from "../../../coordinator/campaign/selector.js";

const LABELS = { web: "80", region: "eu-central", vantage: "fra" };

describe("a selector", () => {
  it.each([
    ["", true],
    ["web=80", true],
    ["web = 443", false],
    ["web!=443", true],
    ["missing=80", false],
    ["missing!=80", true],
    ["region in (us-east, eu-central)", true],
    ["region in (us-east)", false],
    ["region not in (us-east)", true],
    ["web=80, region in (eu-central, us-east), vantage=fra", true],
    ["web=80, vantage=sin", false],
    ["missing in (a)", false],
    ["missing not in (a)", true],
  ])("%p matches: %p", (text, expected) => {
    expect(parseSelector(text)(LABELS)).toBe(expected);
  });

  it.each([
    "web",
    "web=",
    "=80",
    "web=80,",
    "web==80",
    "region in ()",
    "region in a",
    "region in (a,,b)",
    "a=b c=d",
    "web in (a))",
  ])("%p is refused", (text) => {
    expect(() => parseSelector(text)).toThrow(SelectorError);
  });
});
