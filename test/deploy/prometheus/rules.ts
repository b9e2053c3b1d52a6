import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

export const FOLDER = "deploy/prometheus";

const rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
          annotations: z.strictObject({ summary: z.string(), reason: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});

/** The alert rules, in their order. Throws ZodError for one that lacks a reason or says more than it may. */
export function alertRules() {
  return rules.parse(parse(readFileSync(`${FOLDER}/rules.yml`, "utf8"))).groups.flatMap((group) => group.rules);
}

/** Names of metrics in an expression or in a dashboard's JSON; those of a histogram's series are the histogram's. */
export function metricNames(text: string): string[] {
  return [...text.matchAll(/\b(parallax|process)_[a-z_]+[a-z]\b/g)].map(([name]) =>
    name.replace(/(_latency_seconds|_insert_seconds|_lag_seconds)_(bucket|sum|count)$/, "$1"),
  );
}
