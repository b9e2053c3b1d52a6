import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLab } from "./lab.js";

/** The lab alone, for a look around: prints machines and truth as JSON lines and stays until Ctrl-C. */
const folder = mkdtempSync(join(tmpdir(), "parallax-lab-"));
const lab = await startLab({ folder, services: [], crowd: true, onProgress: (text) => console.error(text) });
for (const machine of lab.machines) console.log(JSON.stringify(machine));
for (const target of lab.truth) console.log(JSON.stringify(target));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
}
