import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorMessage, UserError } from "../../shared/errors.js";
import { startLab } from "./lab.js";

/** The lab alone, for a look around: prints machines and truth as JSON lines and stays until Ctrl-C. */
const interrupted = new Promise((resolve) => {
  process.once("SIGINT", resolve).once("SIGTERM", resolve);
});
const folder = mkdtempSync(join(tmpdir(), "parallax-lab-"));
try {
  const lab = await startLab({ folder, services: [], crowd: true, onProgress: (text) => console.error(text) });
  for (const machine of lab.machines) console.log(JSON.stringify(machine));
  for (const target of lab.truth) console.log(JSON.stringify(target));
  await interrupted;
  await lab.stop();
} catch (error) {
  console.error(`parallax lab: ${error instanceof UserError ? error.line : errorMessage(error)}`);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
