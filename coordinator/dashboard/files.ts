import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { errorCode } from "../../shared/errors.js";

/** A file of the dashboard, as it is answered with. */
export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  /** Names its content. */
  readonly tag: string;
}

/** The dashboard by path, and nothing else: what is asked for is never put together into the name of a file. */
export const PAGE_PATHS: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/dashboard.js": ["dashboard.js", "text/javascript; charset=utf-8"],
  "/dashboard.css": ["dashboard.css", "text/css; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
  "/land.svg": ["land.svg", "image/svg+xml"],
  "/licences.txt": ["licences.txt", "text/plain; charset=utf-8"],
};

/** Reads the dashboard that the build left beside this module; null where there is none. */
export function readPageFiles(
  folder = fileURLToPath(new URL("./page", import.meta.url)),
): ReadonlyMap<string, PageFile> | null {
  try {
    return new Map(
      Object.entries(PAGE_PATHS).map(([path, [file, type]]) => [path, readPage(join(folder, file), type)]),
    );
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

function readPage(path: string, type: string): PageFile {
  const plain = readFileSync(path);
  const tag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { type, plain, gzipped: gzipSync(plain, { level: 9 }), tag };
}
