import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { itWithTool, runTool } from "../tool.js";
import { alertRules, FOLDER } from "./rules.js";

interface RuleTests {
  readonly tests: readonly {
    readonly promql_expr_test: readonly { readonly exp_samples: readonly { readonly labels: string }[] }[];
  }[];
}

/** As GitHub makes them of headings. */
function anchors(file: string): ReadonlySet<string> {
  const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm)];
  return new Set(
    headings.map(([, text = ""]) =>
      text
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

describe("the alert rules", () => {
  const rules = alertRules();

  it("begin with an agent that sends and hears nothing", () => {
    expect(rules[0]?.alert).toBe("ParallaxSentButNothingBack");
  });

  it("have a name of their own, and a paragraph of docs/operating.md each", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    const there = anchors("docs/operating.md");
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/operating.md#${alert.toLowerCase()}`);
      expect(there).toContain(alert.toLowerCase());
    }
  });

  it("are each expected to fire in rules.test.yml", () => {
    const { tests } = parse(readFileSync(`${FOLDER}/rules.test.yml`, "utf8")) as RuleTests;
    const fired = tests
      .flatMap((test) => test.promql_expr_test.flatMap((one) => one.exp_samples.map(({ labels }) => labels)))
      .flatMap((labels) => /alertname="(\w+)"/.exec(labels)?.[1] ?? []);
    expect([...new Set(fired)].sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });

  itWithTool("promtool", "fire on what they are for and not on a fleet that is well", () => {
    expect(runTool("promtool", ["check", "rules", "rules.yml"], FOLDER)).toMatchObject({ code: 0 });
    expect(runTool("promtool", ["test", "rules", "rules.test.yml"], FOLDER)).toMatchObject({ code: 0, stderr: "" });
  });

  itWithTool("promtool", "are loaded by a configuration that Prometheus takes", () => {
    expect(runTool("promtool", ["check", "config", "prometheus.yml"], FOLDER)).toMatchObject({ code: 0 });
  });
});
