import { z } from "zod";
import { FACT_TABLES } from "../../shared/batch/tables.js";
import type { CertificateStore, CoverageFact } from "../certificate/make.js";
import type { Store } from "./store.js";

const row = z.object({
  source: z.string(),
  kind: z.enum(["asked", "uncertain", "skipped"]),
  from: z.number(),
  to: z.number(),
  vantage: z.string(),
  agent: z.string(),
  reason: z.string(),
});

const COVERAGE = `
  SELECT source, kind, \`from\`, \`to\`, vantage, agent, reason FROM coverage FINAL
  WHERE campaign = {campaign:String} ORDER BY source, kind, epoch, \`from\``;

/** The certificates' part of the database. */
export function createCertificateStore(store: Store): CertificateStore {
  return {
    async coverageOf(campaign) {
      const facts: CoverageFact[] = [];
      for await (const found of store.rows(COVERAGE, { campaign })) facts.push(row.parse(found));
      return facts;
    },
    async rowCounts(campaign) {
      const counts: Record<string, number> = {};
      for (const table of Object.keys(FACT_TABLES)) {
        // A key of a row ends with (batch, row), so that FINAL has each once; a set of all of them would not fit into memory.
        const sql = `SELECT count() AS n FROM ${table} FINAL WHERE campaign = {campaign:String}`;
        for await (const found of store.rows(sql, { campaign })) counts[table] = Number(found.n);
      }
      return counts;
    },
  };
}
