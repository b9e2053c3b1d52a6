#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { buildAgentPackages, sumsOf } from "./build.js";
import { ARCHITECTURES } from "./native.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const { into, arch } = await yargs(hideBin(process.argv))
  .scriptName("npm run build:agent --")
  .option("into", { type: "string", default: join(root, "dist", "package"), describe: "Folder of the archives" })
  .option("arch", { choices: ARCHITECTURES, array: true, default: ARCHITECTURES, describe: "Machines to pack for" })
  .strict()
  .parseAsync();
const say = (line: string) => void process.stderr.write(`${line}\n`);
const folder = resolve(into);
const archives = await buildAgentPackages({ root, into: folder, architectures: [...new Set(arch)], say });
const files = archives.map((path) => ({ path, bytes: readFileSync(path) }));
writeFileSync(join(folder, "SHA256SUMS"), sumsOf(files));
for (const { path, bytes } of files) say(`${path}: ${(bytes.length / 1_048_576).toFixed(1)} MiB`);
if (archives.length === 0) process.exitCode = 1;
