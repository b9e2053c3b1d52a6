import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorCode } from "../../shared/errors.js";

/**
 * Outline of the land, as the build left it for the dashboard's map: a path whose coordinates are degrees east of -180 and
 * south of 90. Null where there is none; a map has its circles all the same.
 */
export function readLand(path = fileURLToPath(new URL("../dashboard/page/land.svg", import.meta.url))): string | null {
  try {
    return / d="([^"]+)"/.exec(readFileSync(path, "utf8"))?.[1] ?? null;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}
