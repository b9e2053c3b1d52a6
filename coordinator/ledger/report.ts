/** A batch that is not in the tables as its agent made it. */
export interface BatchDifference {
  readonly batch: string;
  readonly agent: string;
  readonly table: string;
  /** Rows by the ledger; null for a batch that none lists. */
  readonly made: number | null;
  /** Different row numbers in the table. */
  readonly found: number;
  /** Rows in the table, and those that FINAL leaves. */
  readonly rows: number;
  readonly rowsFinal: number;
  /** Leases that have rows in it, as `lease@epoch`. */
  readonly leases: readonly string[];
}

/** One agent's ledger of the campaign. */
export interface LedgerView {
  readonly agent: string;
  readonly ledger: string;
  readonly lines: number;
  /** Numbers below the highest that no line has: lines that were lost. */
  readonly gaps: number;
}

/** What `parallax verify-ledger` found. */
export interface LedgerReport {
  readonly campaign: string;
  /** Every batch of every ledger is in its table, each row once, and nothing else is. */
  readonly ok: boolean;
  readonly ledgers: readonly LedgerView[];
  /** Agents with more than one ledger: the disk of an earlier life is gone, and with it what was not sent yet. */
  readonly restarted: readonly string[];
  readonly made: { readonly batches: number; readonly rows: number };
  readonly found: { readonly batches: number; readonly rows: number; readonly rowsFinal: number };
  /** Rows that a ledger lists and the tables do not have. */
  readonly missing: Part;
  /** Rows that are there more than once, before a merge (`rows`) and with FINAL (`rowsFinal`). */
  readonly twice: Part & { readonly rowsFinal: number };
  /** Batches in the tables that no ledger lists, or not with these rows. */
  readonly unknown: Part;
}

interface Part {
  readonly batches: number;
  readonly rows: number;
  /** The first ones. */
  readonly examples: readonly BatchDifference[];
}

const LISTED = 5;

/** The report in words, with what to do about each kind of difference. */
export function printLedgerReport(report: LedgerReport): string {
  const { made, found, missing, twice, unknown } = report;
  const gaps = report.ledgers.reduce((sum, ledger) => sum + ledger.gaps, 0);
  const lines = [
    `${report.campaign}: ${count(report.ledgers.length, "ledger")} with ${count(made.batches, "batch", "es")} and ${count(made.rows, "row")}; the tables have ${count(found.batches, "batch", "es")} and ${count(found.rows, "row")} (${found.rowsFinal} with FINAL)`,
    `missing ${missing.rows}, twice ${twice.rows} (${twice.rowsFinal} with FINAL), in no ledger ${unknown.rows}`,
  ];
  const tell = (what: string, part: Part) => {
    if (part.batches === 0) return;
    lines.push(`${count(part.batches, "batch", "es")} ${what}:`);
    for (const one of part.examples.slice(0, LISTED)) lines.push(`  ${differenceLine(one)}`);
    if (part.batches > LISTED) lines.push("  … (all of them: --json)");
  };
  tell(
    "not wholly in the tables; see `parallax agents` for spools that are not empty, `parallax ingest dead list`",
    missing,
  );
  tell("with rows twice; keep the data folder and report this, it must not happen", twice);
  tell(
    "that no ledger lists; lines come seconds later while a campaign runs, else an agent's ledger was lost",
    unknown,
  );
  if (gaps > 0) lines.push(`${count(gaps, "line")} of ledgers did not come (yet): see \`parallax-agent ledger\` there`);
  for (const agent of report.restarted) {
    lines.push(`${agent} began another ledger: its disk was lost; what it had not committed was asked again`);
  }
  lines.push(report.ok ? "every row is there once" : "NOT every row is there once");
  return `${lines.join("\n")}\n`;
}

function differenceLine(one: BatchDifference): string {
  const made = one.made === null ? "made by nobody" : `made ${one.made}`;
  const leases = one.leases.length === 0 ? "" : `, leases ${one.leases.join(" ")}`;
  return `${one.batch} of ${one.agent} in ${one.table}: ${made}, found ${one.found}, rows ${one.rows}${leases}`;
}

function count(n: number, what: string, plural = "s"): string {
  return `${n} ${what}${n === 1 ? "" : plural}`;
}
