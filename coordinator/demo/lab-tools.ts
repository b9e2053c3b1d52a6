import { LAB_TOOLS, missingLabTools } from "../../deploy/lab/tools.js";
import type { Warning } from "../../shared/cli/check.js";

/** A check of `parallax doctor`. Without them the demo takes the simulator; a coordinator needs none. */
export async function labTools(): Promise<string | Warning> {
  const missing = await missingLabTools();
  if (missing.length === 0) return LAB_TOOLS.join(", ");
  return { warning: `missing: ${missing.join(", ")}`, remedy: "deploy/setup.sh installs them" };
}
