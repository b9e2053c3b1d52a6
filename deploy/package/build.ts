import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../shared/errors.js";
import { VERSION } from "../../shared/version.js";
import { packFolder } from "./archive.js";
import { bundleAgent } from "./bundle.js";
import { licencesText } from "./licences.js";
import { type Architecture, addNative, nativePackage } from "./native.js";

export interface BuildOptions {
  /** The repository's folder, with `dist` built. */
  readonly root: string;
  /** Where the archives and SHA256SUMS go. */
  readonly into: string;
  readonly architectures: readonly Architecture[];
  /** Told what was not built, and why. */
  readonly say: (line: string) => void;
}

/** Files of the repository that go into the package as they are, and where. */
const FILES: readonly (readonly [from: string, to: string])[] = [
  ["LICENSE", "LICENSE"],
  ["deploy/install-agent.sh", "install-agent.sh"],
  ["deploy/package/parallax-agent", "bin/parallax-agent"],
  ["deploy/package/start.cjs", "lib/start.cjs"],
  ["deploy/package/load.cjs", "lib/load.cjs"],
  ["deploy/systemd/parallax-agent.service", "systemd/parallax-agent.service"],
  ["deploy/systemd/backoff.conf", "systemd/backoff.conf"],
  ["deploy/nft/parallax-handshake.nft", "nft/parallax-handshake.nft"],
  ["deploy/examples/agent.yaml", "examples/agent.yaml"],
];

/**
 * Packs the agent, an archive for each architecture, and writes their sums beside them. Resolves with the archives' paths;
 * an architecture whose binary cannot be had is left out and told.
 */
export async function buildAgentPackages({ root, into, architectures, say }: BuildOptions): Promise<string[]> {
  const work = mkdtempSync(join(tmpdir(), "parallax-package-"));
  mkdirSync(into, { recursive: true });
  const archives: string[] = [];
  try {
    for (const architecture of architectures) {
      const name = `parallax-agent-${VERSION}-linux-${architecture}`;
      try {
        await fillFolder(root, join(work, name), architecture);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        say(`not built: ${name}: ${error.line}`);
        continue;
      }
      const archive = join(into, `${name}.tar.gz`);
      writeFileSync(archive, packFolder(work, name));
      archives.push(archive);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
  return archives;
}

async function fillFolder(root: string, folder: string, architecture: Architecture): Promise<void> {
  const lib = join(folder, "lib");
  const { packages } = await bundleAgent(root, lib);
  addNative(root, architecture, join(lib, "node_modules"));
  for (const [from, to] of FILES) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    copyFileSync(join(root, from), join(folder, to));
  }
  const all = [...packages, "koffi"].filter((name) => name !== nativePackage(architecture));
  const licences = licencesText(join(root, "node_modules"), [...new Set(all)].sort());
  writeFileSync(join(folder, "THIRD-PARTY-LICENCES.txt"), licences);
  writeFileSync(join(folder, "VERSION"), `${VERSION}\n`);
}

/** The lines that `sha256sum --check` reads. */
export function sumsOf(files: readonly { readonly path: string; readonly bytes: Uint8Array }[]): string {
  const line = (path: string, bytes: Uint8Array) =>
    `${createHash("sha256").update(bytes).digest("hex")}  ${basename(path)}\n`;
  return files.map(({ path, bytes }) => line(path, bytes)).join("");
}
