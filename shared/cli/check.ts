import { errorMessage, UserError } from "../errors.js";

/** One thing that a program needs. `look` answers what it found, or throws UserError when it cannot do without. */
export interface Check {
  readonly name: string;
  look(): Promise<string | Warning>;
}

/** Works, but is not as it should be. */
export interface Warning {
  readonly warning: string;
  readonly remedy: string;
}

export interface Finding {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly detail: string;
  /** Empty when there is nothing to do. */
  readonly remedy: string;
}

/** Makes the checks one after the other; `onFinding` is called with each as it is made. */
export async function runChecks(checks: readonly Check[], onFinding: (finding: Finding) => void): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, look } of checks) {
    const finding = { name, ...(await outcomeOf(look)) };
    findings.push(finding);
    onFinding(finding);
  }
  return findings;
}

async function outcomeOf(look: Check["look"]): Promise<Omit<Finding, "name">> {
  try {
    const found = await look();
    return typeof found === "string"
      ? { state: "ok", detail: found, remedy: "" }
      : { state: "warning", detail: found.warning, remedy: found.remedy };
  } catch (error) {
    const remedy = error instanceof UserError ? error.remedy : "look into this machine's log";
    return { state: "failed", detail: errorMessage(error), remedy };
  }
}

/**
 * Makes the checks and prints them: a line each as they are made, or with `json` one document at the end.
 * @throws UserError when one failed
 */
export async function reportChecks(
  checks: readonly Check[],
  { json, write }: { json: boolean; write: (text: string) => void },
): Promise<void> {
  const findings = await runChecks(checks, (finding) => {
    if (!json) write(`${formatFinding(finding)}\n`);
  });
  const failed = findings.filter(({ state }) => state === "failed");
  if (json) write(`${JSON.stringify({ ok: failed.length === 0, checks: findings })}\n`);
  if (failed.length > 0) {
    throw new UserError(`${failed.length} of ${findings.length} checks failed`, { remedy: "see each one's remedy" });
  }
}

function formatFinding({ name, state, detail, remedy }: Finding): string {
  return `${state.padEnd(8)} ${name.padEnd(13)} ${detail}${remedy === "" ? "" : `; ${remedy}`}`;
}
