import { describe, expect, it } from "@jest/globals";
import { decide, type Rule } from "../../../shared/verdict/rules.js";

type Weather = "rain" | "wind" | "sun";

const RULES: readonly Rule<Weather, string>[] = [
  { name: "storm", all: ["rain", "wind"], result: "stay", words: "both at once are too much" },
  { name: "dry", all: ["sun"], none: ["rain"], result: "go", words: "nothing falls" },
  { name: "else", all: [], result: "wait", words: "nothing speaks for either" },
];

const seen = (witnesses: Partial<Record<Weather, readonly string[]>>) => (fact: Weather) => witnesses[fact] ?? [];

describe("a table of rules", () => {
  it("gives the result of the first rule all of whose facts hold, with what they stand on", () => {
    expect(decide(RULES, seen({ rain: ["ann", "bob"], wind: ["cid"], sun: ["dan"] }))).toEqual({
      result: "stay",
      rule: "storm",
      words: "both at once are too much",
      witnesses: ["ann", "bob", "cid"],
    });
  });

  it("passes over a rule with a fact that must not hold", () => {
    expect(decide(RULES, seen({ sun: ["dan"] })).rule).toBe("dry");
    expect(decide(RULES, seen({ sun: ["dan"], rain: ["ann"] })).rule).toBe("else");
  });

  it("asks for a fact once, and only when a rule gets that far", () => {
    const asked: Weather[] = [];
    decide(RULES, (fact) => {
      asked.push(fact);
      return fact === "sun" ? ["dan"] : [];
    });
    expect(asked).toEqual(["rain", "sun"]);
  });
});
