import { writeFileSync } from "node:fs";

/** So that files come from the disk; only root may. */
export function dropPageCache(say: (text: string) => void): void {
  try {
    writeFileSync("/proc/sys/vm/drop_caches", "1");
  } catch (error) {
    say(`cold is a fresh process over warm files: ${error instanceof Error ? error.message : error}`);
  }
}
