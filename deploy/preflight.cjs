// Runs before anything is installed, also on an old Node: plain CommonJS that Node 18 and older parse.
"use strict";

const MINIMUM = [20, 19];

/** Problems that stop everything, each a line that names the thing and the remedy. */
function problems(version, platform) {
  const found = [];
  const parts = version.split(".").map(Number);
  const older = parts[0] < MINIMUM[0] || (parts[0] === MINIMUM[0] && parts[1] < MINIMUM[1]);
  if (older) {
    found.push(
      "Node " +
        version +
        " is too old, Parallax needs 20.19 or later (Debian 12 and Ubuntu 24.04 package 18); " +
        "install Node 20 or 22 from https://nodejs.org/en/download and run the command again",
    );
  }
  if (platform === "win32") {
    found.push("Windows is not supported; use Linux, or WSL 2 with Debian 12");
  }
  return found;
}

module.exports = { problems };

if (require.main === module) {
  const found = problems(process.versions.node, process.platform);
  for (const line of found) console.error(`parallax: ${line}`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
