// What is generated into shared/generated is committed; this check generates it again and compares.
"use strict";

const { spawnSync } = require("node:child_process");
const { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, relative } = require("node:path");

const root = join(__dirname, "..");
const committed = join(root, "shared", "generated");

function run(program, args) {
  const result = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (result.status !== 0) process.exit(result.status === null ? 1 : result.status);
}

function buf(args) {
  run(join(root, "node_modules", ".bin", "buf"), args);
}

/** Every file below `folder`, relative to it, with its text. */
function contents(folder) {
  const files = new Map();
  const walk = (at) => {
    for (const name of readdirSync(at)) {
      const path = join(at, name);
      if (statSync(path).isDirectory()) walk(path);
      else files.set(relative(folder, path), readFileSync(path, "utf8"));
    }
  };
  walk(folder);
  return files;
}

buf(["lint"]);
// An agent of the last release must understand this coordinator, and the reverse.
buf(["breaking", "--against", join("proto", "released.binpb")]);
const fresh = mkdtempSync(join(tmpdir(), "parallax-generated-"));
try {
  buf(["generate", "--output", fresh]);
  run(process.execPath, [join(__dirname, "generate-kernel.cjs"), join(fresh, "shared", "generated")]);
  const wanted = contents(join(fresh, "shared", "generated"));
  const present = contents(committed);
  const stale = [...wanted.keys(), ...present.keys()].filter((name) => wanted.get(name) !== present.get(name));
  if (stale.length > 0) {
    console.error(
      `shared/generated is not what proto/ and the kernels in shared/ say: ${[...new Set(stale)].join(", ")}; run npm run generate`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
