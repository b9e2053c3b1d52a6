// Build step after tsc: what the programs read at run time besides JavaScript (numbered SQL, the lab's filter rule) goes
// beside it in dist/.
"use strict";

const { chmodSync, cpSync, existsSync, readdirSync, rmSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");

for (const folder of ["coordinator/store/sql", "deploy/nft"]) {
  const from = join(root, folder);
  const to = join(root, "dist", folder);
  rmSync(to, { recursive: true, force: true });
  if (existsSync(from)) cpSync(from, to, { recursive: true });
}
for (const program of ["coordinator", "agent"]) {
  const file = join(root, "dist", program, "main.js");
  if (readdirSync(join(root, "dist")).includes(program) && existsSync(file)) chmodSync(file, 0o755);
}
