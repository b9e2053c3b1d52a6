import { describe, expect, it } from "@jest/globals";
import { canaryAnswer } from "../../../coordinator/canary/answer.js";
import {
  answerText,
  type Expectation,
  expectationProblem,
  expectationText,
  isAsExpected,
  parseExpectation,
} from "../../../coordinator/canary/expectation.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";

const answer = (replies: Partial<Record<Variant, SynVerdict>>, sent: readonly Variant[] = VARIANTS) =>
  canaryAnswer(sent, new Map(Object.entries(replies) as [Variant, SynVerdict][]));
const LINUX = answer({ v0: "plain", v1: "claims-v1", plain: "plain", "unknown-option": "plain" });

describe("the answer of a canary", () => {
  it("is what its replies say together, silence is one too", () => {
    expect(LINUX).toMatchObject({ view: "claims-v1", verdicts: { v0: "plain", v1: "claims-v1" } });
    expect(answer({ plain: "plain", "unknown-option": "plain" })).toMatchObject({ view: "blocked-on-mptcp" });
    expect(answer({})).toEqual({
      view: "no-reply",
      verdicts: { v0: "no-reply", v1: "no-reply", plain: "no-reply", "unknown-option": "no-reply" },
    });
  });

  it("says nothing of variants that are not sent", () => {
    const replies = { v1: "plain", plain: "plain", "unknown-option": "plain" } as const;

    expect(answer(replies, ["v1", "plain", "unknown-option"])).toEqual({ view: "plain", verdicts: replies });
    expect(answer({ v1: "rst", plain: "plain" }, ["v1", "plain", "unknown-option"]).view).toBe(
      "blocked-on-unknown-option",
    );
    expect(answer({ v0: "claims-v0" }, ["v0"])).toEqual({ view: "claims-v0", verdicts: { v0: "claims-v0" } });
    expect(answer({}, ["v1"]).view).toBe("no-reply");
  });
});

describe("what a canary is expected to say", () => {
  it.each<[Expectation, boolean]>([
    ["claims-v1", true],
    ["plain", false],
    [{ v1: "claims-v1" }, true],
    [{ v1: "claims-v1", plain: "plain" }, true],
    [{ v1: "claims-v1", plain: "rst" }, false],
  ])("%j is said by a Linux host: %s", (expectation, isRight) => {
    expect(isAsExpected(expectation, LINUX)).toBe(isRight);
  });

  it("can be silence", () => {
    expect(isAsExpected("no-reply", answer({}))).toBe(true);
    expect(isAsExpected({ v0: "no-reply" }, answer({ plain: "plain" }))).toBe(true);
  });

  it.each<[Expectation, string]>([
    ["blocked-on-mptcp", "blocked-on-mptcp"],
    [{ plain: "rst", v1: "claims-v1" }, "v1=claims-v1 plain=rst"],
  ])("%j is written as %s, and read back", (expectation, text) => {
    expect(expectationText(expectation)).toBe(text);
    expect(parseExpectation(text)).toEqual(expectation);
  });

  it("is put beside an answer in the same words", () => {
    expect(answerText("rst", LINUX)).toBe("claims-v1");
    expect(answerText({ plain: "rst" }, LINUX)).toBe("plain=plain");
  });

  it.each([
    ["clams-v1", [], '"clams-v1" is not one of no-reply, rst, '],
    [{ v2: "plain" }, [], '"v2" is not one of v0, v1, plain, unknown-option'],
    [{ v1: "blocked-on-mptcp" }, ["v1"], '"blocked-on-mptcp" is not one of no-reply, rst, '],
    [{}, [], "names no variant"],
    [7, [], "is neither a verdict nor a verdict for each variant"],
    [null, [], "is neither a verdict"],
    [["plain"], [], "is neither a verdict"],
  ])("cannot be %j", (value, path, message) => {
    expect(expectationProblem(value)).toEqual({ path, message: expect.stringContaining(message) });
    expect(() => parseExpectation(JSON.stringify(value))).toThrow(RangeError);
  });
});
