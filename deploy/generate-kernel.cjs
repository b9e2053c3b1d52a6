// Compiles shared/probe/kernel.as.ts (AssemblyScript) to WebAssembly and writes it as a string into the file that is
// named, by default the one that is committed.
"use strict";

const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const root = join(__dirname, "..");
const FLAGS = ["-O3", "--runtime", "stub", "--noAssert", "--importMemory", "--noExportMemory", "--enable", "simd"];

function compileKernel() {
  const folder = mkdtempSync(join(tmpdir(), "parallax-kernel-"));
  try {
    const file = join(folder, "kernel.wasm");
    const compiler = require.resolve("assemblyscript/bin/asc.js");
    const args = [compiler, "shared/probe/kernel.as.ts", ...FLAGS, "--outFile", file];
    const result = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
    if (result.status !== 0) process.exit(result.status === null ? 1 : result.status);
    const code = readFileSync(file).toString("base64");
    return `// Compiled from shared/probe/kernel.as.ts by npm run generate.\nexport const PROBE_KERNEL =\n  "${code}";\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

writeFileSync(process.argv[2] ?? join(root, "shared", "generated", "probe-kernel.ts"), compileKernel());
