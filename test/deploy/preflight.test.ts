import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const { problems }: { problems(version: string, platform: string): string[] } = createRequire(import.meta.url)(
  "../../deploy/preflight.cjs",
);

describe("the preflight", () => {
  it.each(["16.20.2", "18.19.0", "20.18.3"])("names Node %s, what is needed and where it is", (version) => {
    const found = problems(version, "linux");
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`Node ${version} is too old, Parallax needs 20.19 or later`);
    expect(found[0]).toContain("nodejs.org");
  });

  it.each(["20.19.0", "22.1.0", "24.0.0"])("has nothing to say of Node %s", (version) => {
    expect(problems(version, "linux")).toEqual([]);
  });

  it("says that Windows is not supported", () => {
    expect(problems("22.1.0", "win32")[0]).toContain("Windows is not supported");
  });

  it("and the scripts before npm are plain CommonJS without syntax that Node 18 does not know", () => {
    for (const name of readdirSync("deploy").filter((file) => file.endsWith(".cjs"))) {
      const text = readFileSync(join("deploy", name), "utf8");
      expect(text).not.toMatch(
        /^\s*(import|export)\s|\bwith \{|\busing \w+ =|import\.meta|\.toSorted\(|Promise\.withResolvers/m,
      );
      execFileSync(process.execPath, ["--check", join("deploy", name)]);
    }
  });
});

describe("deploy/setup.sh", () => {
  it("refuses an option that it does not know", () => {
    const { status, stderr } = spawnSync("bash", ["deploy/setup.sh", "--force"], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toBe(
      "parallax setup: unknown option --force; known: --yes --check --quiet-when-complete --optional\n",
    );
  });

  describe("on a machine that has what it must have, and no compiler", () => {
    const bin = mkdtempSync(join(tmpdir(), "parallax-setup-"));
    const check = (...args: string[]) =>
      spawnSync("/bin/bash", ["deploy/setup.sh", ...args], { encoding: "utf8", env: { PATH: bin } });
    beforeAll(() => {
      const programs = ["nats-server", "ip", "iptables", "nft", "tcpdump", "ethtool", "unshare", "sysctl", "uname"];
      for (const program of programs) {
        writeFileSync(join(bin, program), "", { mode: 0o755 });
      }
    });
    afterAll(() => rmSync(bin, { recursive: true }));

    it("says what the portable driver would need, and is content", () => {
      const { status, stderr } = check("--check");
      expect(status).toBe(0);
      expect(stderr).toMatch(/optional, for the driver portable: g\+\+ make python3/);
      expect(stderr).toContain("complete: nothing to install");
      expect(check("--check", "--quiet-when-complete")).toMatchObject({ status: 0, stderr: "" });
    });

    it("misses it when it is asked for", () => {
      const { status, stderr } = check("--check", "--optional");
      expect(status).toBe(1);
      expect(stderr).toMatch(/missing: g\+\+ make python3/);
    });
  });
});
