import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";

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
    expect(stderr).toBe("parallax setup: unknown option --force; known: --yes --check --quiet-when-complete\n");
  });
});
