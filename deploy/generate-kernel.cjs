// Compiles the kernels (AssemblyScript) to WebAssembly and writes each as a string into a file of the folder that is
// named, by default the one that is committed.
"use strict";

const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const root = join(__dirname, "..");
const FLAGS = ["-O3", "--runtime", "stub", "--noAssert", "--importMemory", "--noExportMemory", "--enable", "simd"];

function compileKernel(source, name) {
  const folder = mkdtempSync(join(tmpdir(), "parallax-kernel-"));
  try {
    const file = join(folder, "kernel.wasm");
    const compiler = require.resolve("assemblyscript/bin/asc.js");
    const result = spawnSync(process.execPath, [compiler, source, ...FLAGS, "--outFile", file], {
      cwd: root,
      stdio: "inherit",
    });
    if (result.status !== 0) process.exit(result.status === null ? 1 : result.status);
    const code = readFileSync(file).toString("base64");
    return `// Compiled from ${source} by npm run generate.\nexport const ${name} =\n  "${code}";\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const target = process.argv[2] ?? join(root, "shared", "generated");
for (const kernel of ["probe", "target"]) {
  const code = compileKernel(`shared/${kernel}/kernel.as.ts`, `${kernel.toUpperCase()}_KERNEL`);
  writeFileSync(join(target, `${kernel}-kernel.ts`), code);
}
