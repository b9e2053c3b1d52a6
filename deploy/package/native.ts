import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../../shared/errors.js";

/** Machines that an agent is packed for. */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

const lockFile = z.object({
  packages: z.record(z.string(), z.object({ integrity: z.string().optional(), version: z.string().optional() })),
});

export function nativePackage(architecture: Architecture): string {
  return `@koromix/koffi-linux-${architecture}`;
}

/**
 * Puts koffi's binary for an architecture under `nodeModules`: from the installed packages, or, for another architecture
 * than this machine's, from npm's cache or registry, held to the sum in the lock file.
 *
 * @throws UserError when it cannot be had
 */
export function addNative(root: string, architecture: Architecture, nodeModules: string): void {
  const name = nativePackage(architecture);
  const to = join(nodeModules, name);
  mkdirSync(dirname(to), { recursive: true });
  const installed = join(root, "node_modules", name);
  if (existsSync(installed)) execFileSync("cp", ["-rL", installed, to]);
  else unpackFromNpm(root, name, to);
}

function unpackFromNpm(root: string, name: string, to: string): void {
  const lock = lockFile.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  const folder = mkdtempSync(join(tmpdir(), "parallax-native-"));
  try {
    const tarball = join(folder, npmPack(`${name}@${version}`, folder));
    const sum = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    if (sum !== integrity) {
      throw new UserError(`${name} ${version} is not what package-lock.json says`, {
        remedy: "empty npm's cache and build again",
      });
    }
    mkdirSync(to);
    execFileSync("tar", ["-xzf", tarball, "-C", to, "--strip-components=1"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function npmPack(what: string, folder: string): string {
  try {
    // The last line is the file's name.
    const printed = execFileSync("npm", ["pack", "--silent", "--prefer-offline", what], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    return printed.trim().split("\n").at(-1) ?? "";
  } catch (cause) {
    throw new UserError(`npm does not give ${what}`, {
      remedy: "build where npm has its registry or its cache",
      cause,
    });
  }
}
