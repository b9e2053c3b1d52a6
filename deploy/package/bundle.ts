import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

export interface Bundle {
  /** Names of the npm packages whose code is in the bundle, sorted. */
  readonly packages: readonly string[];
}

/** What is loaded while running, or not at all: koffi's binary, and the two packages of the portable driver. */
const LEFT_OUT = ["@koromix/*", "raw-socket", "cap"];

/** Packages in CommonJS ask for Node's own modules by `require`, which a file of ECMAScript modules does not have. */
const BANNER = [
  'import { createRequire as bundleRequire } from "node:module";',
  "const require = bundleRequire(import.meta.url);",
].join("\n");

/**
 * Bundles the agent that `tsc` left in `dist` under `root` into the folder `into`, with all npm packages that it uses. The
 * main program and that of its sending threads lie side by side and share what they have in common.
 */
export async function bundleAgent(root: string, into: string): Promise<Bundle> {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["dist/agent/main.js", "dist/agent/sender/thread.js"],
    outdir: into,
    entryNames: "[name]",
    chunkNames: "part-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    // Names of files, which are in the output, then do not depend on where node_modules really lies.
    preserveSymlinks: true,
    target: "node20.19",
    external: LEFT_OUT,
    banner: { js: BANNER },
    legalComments: "none",
    // The input is JavaScript: settings of the compiler do not touch it.
    tsconfigRaw: {},
    logLevel: "error",
    metafile: true,
  });
  writeFileSync(join(into, "package.json"), '{ "type": "module" }\n');
  const inputs = Object.keys(metafile.inputs);
  const foreign = inputs.find((file) => /(^|\/)(coordinator|deploy|chdb|@clickhouse)\//.test(file));
  if (foreign !== undefined) throw new Error(`the agent's bundle has ${foreign} in it`);
  return { packages: [...new Set(inputs.flatMap(packageOf))].sort() };
}

/** `a/node_modules/@scope/name/file.js` is of `@scope/name`. */
function packageOf(file: string): string[] {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  return name === undefined ? [] : [name];
}
