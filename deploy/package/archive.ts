import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** When everything in an archive was changed last: the day does not matter, that it is always the same does. */
const CHANGED = "2000-01-01T00:00:00Z";

/**
 * The folder `name` under `parent` as a gzipped tar archive. The same content gives the same bytes, whoever packs it,
 * when and where: sorted names, one time, owner 0, and rights that do not follow the packer's umask.
 */
export function packFolder(parent: string, name: string): Buffer {
  settleRights(join(parent, name));
  const order = ["--sort=name", `--mtime=${CHANGED}`, "--owner=0", "--group=0", "--numeric-owner", "--format=ustar"];
  const tar = execFileSync("tar", [...order, "-C", parent, "-cf", "-", name], { maxBuffer: 256 * 1_048_576 });
  return gzipSync(tar, { level: 9 });
}

/** What is in a `bin` folder may be run, everything may be read, nothing written but by its owner. */
function settleRights(folder: string, programs = false): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settleRights(path, entry.name === "bin");
    else chmodSync(path, programs || entry.name.endsWith(".sh") ? 0o755 : 0o644);
  }
}
