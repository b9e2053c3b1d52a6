import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { itWithTool, runTool } from "./tool.js";

const UNIT = "deploy/systemd/parallax-agent.service";
/** What systemd-analyze gives it today, with a little room; 10 is a service without any protection. */
const MOST_EXPOSURE = 26;

describe("the agent's systemd unit", () => {
  const folder = mkdtempSync(join(tmpdir(), "parallax-unit-"));
  const unit = join(folder, "parallax-agent.service");
  beforeAll(() => {
    // The same unit with its program where this machine has one.
    const home = join(folder, "current");
    mkdirSync(join(home, "bin"), { recursive: true });
    copyFileSync("deploy/package/parallax-agent", join(home, "bin/parallax-agent"));
    chmodSync(join(home, "bin/parallax-agent"), 0o755);
    writeFileSync(unit, readFileSync(UNIT, "utf8").replaceAll("/opt/parallax-agent/current", home));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  itWithTool("systemd-analyze", "is understood by systemd, every key of it", () => {
    // It complains about unknown keys, but ends with 0.
    expect(runTool("systemd-analyze", ["verify", unit])).toMatchObject({ code: 0, stderr: "" });
  });

  itWithTool("systemd-analyze", "has a drop-in for longer waits, which systemd 254 and later understands", () => {
    const version = Number(/^systemd (\d+)/.exec(runTool("systemd-analyze", ["--version"]).stdout)?.[1]);
    if (version < 254) {
      console.warn(`not checked: systemd ${version} is too old for deploy/systemd/backoff.conf`);
      return;
    }
    mkdirSync(`${unit}.d`);
    copyFileSync("deploy/systemd/backoff.conf", `${unit}.d/backoff.conf`);
    expect(runTool("systemd-analyze", ["verify", unit])).toMatchObject({ code: 0, stderr: "" });
  });

  itWithTool("systemd-analyze", "leaves the agent little to break", () => {
    const args = ["security", "--offline=true", `--threshold=${MOST_EXPOSURE}`, unit];
    const { code, stdout } = runTool("systemd-analyze", args);
    expect({ code, stdout }).toMatchObject({ code: 0 });
  });

  it("gives the right to send raw packets, and none to change the network", () => {
    const text = readFileSync(UNIT, "utf8");
    for (const key of ["AmbientCapabilities", "CapabilityBoundingSet"]) {
      expect(text).toMatch(new RegExp(`^${key}=CAP_NET_RAW CAP_NET_BIND_SERVICE$`, "m"));
    }
  });
});
