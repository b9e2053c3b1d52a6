// `npm run demo` and `npm test` start here: everything a fresh clone needs, then the command itself. Each step is
// skipped when its result is there already, so that a second run starts in seconds.
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { problems } = require("./preflight.cjs");

const root = join(__dirname, "..");
// Debian keeps nats-server and iptables where an ordinary user's PATH does not look.
process.env.PATH += ":/usr/local/sbin:/usr/sbin:/sbin";

/** Runs a program in the repository's folder with our own terminal; ends this process with its exit code when it fails. */
function run(program, args, options) {
  const result = spawnSync(program, args, Object.assign({ cwd: root, stdio: "inherit" }, options));
  if (result.error) {
    console.error(`parallax: cannot start ${program}: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status === null ? 1 : result.status);
}

function say(line) {
  console.error(`parallax: ${line}`);
}

function installSystemPackages() {
  run("bash", ["deploy/setup.sh", "--quiet-when-complete"]);
}

/** `npm ci`, unless the packages of this very lock file and Node version are installed already. */
function installPackages() {
  const stamp = join(root, "node_modules", ".parallax-installed");
  const hash = createHash("sha256");
  for (const file of ["package.json", "package-lock.json"]) hash.update(readFileSync(join(root, file)));
  const wanted = hash.update(process.versions.modules + process.platform + process.arch).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("installing npm packages (the ClickHouse engine among them is about 550 MB)");
  run("npm", ["ci", "--no-audit", "--no-fund"]);
  writeFileSync(stamp, wanted);
}

function build() {
  run("npm", ["run", "--silent", "build"]);
}

/** The child cleans up in its own time: Ctrl-C reaches it directly, SIGTERM is passed on, and we wait. */
function passSignals(child) {
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
}

function demo(args) {
  build();
  const child = spawn(process.execPath, ["dist/coordinator/main.js", "demo"].concat(args), {
    cwd: root,
    stdio: "inherit",
  });
  passSignals(child);
  child.once("exit", (code) => process.exit(code === null ? 1 : code));
}

/** What the tests leave open (a connection, a timer) may keep their process for so long after the last of them. */
const LEFT_OPEN_MS = 30000;

/** Static checks, then every tier of tests; closes with a line that counts them. */
function test(args) {
  build();
  run("npm", ["run", "--silent", "check"]);
  const folder = mkdtempSync(join(tmpdir(), "parallax-test-"));
  const file = join(folder, "result.json");
  const jest = ["--experimental-vm-modules", "--no-warnings", "node_modules/jest/bin/jest.js"];
  const child = spawn(process.execPath, jest.concat("--json", `--outputFile=${file}`, args), {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  let endedMs = 0;
  const watch = setInterval(() => {
    if (endedMs === 0 && existsSync(file)) endedMs = Date.now();
    if (endedMs === 0 || Date.now() - endedMs < LEFT_OPEN_MS) return;
    say(
      "a test left something open that keeps the tests from ending; `npm run jest -- --detectOpenHandles` looks for it",
    );
    child.kill("SIGKILL");
  }, 1000);
  passSignals(child);
  child.once("exit", (code) => {
    clearInterval(watch);
    if (existsSync(file)) {
      const counts = JSON.parse(readFileSync(file, "utf8"));
      console.log(
        `${counts.numPassedTests} passed, ${counts.numFailedTests} failed, ${counts.numPendingTests} skipped`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    process.exit(code === null ? 1 : code);
  });
}

const found = problems(process.versions.node, process.platform);
for (const line of found) say(line);
if (found.length > 0) process.exit(1);

const command = process.argv[2];
const rest = process.argv.slice(3);
installSystemPackages();
installPackages();
if (command === "demo") demo(rest);
else if (command === "test") test(rest);
else {
  say(`unknown command ${command}; use npm run demo or npm test`);
  process.exit(2);
}
