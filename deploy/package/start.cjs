// The agent's first file, also on an old Node: plain CommonJS that any Node parses.
"use strict";

var parts = process.versions.node.split(".").map(Number);
if (parts[0] < 20 || (parts[0] === 20 && parts[1] < 19)) {
  console.error(
    "parallax-agent: Node " +
      process.versions.node +
      " is too old, 20.19 or later is needed (Debian 12 and Ubuntu 24.04 package 18); " +
      "install it from https://nodejs.org/en/download, or run install-agent.sh with --with-node",
  );
  process.exit(1);
}
require("./load.cjs");
