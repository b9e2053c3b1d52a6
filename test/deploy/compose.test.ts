import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { itWithTool, runTool } from "./tool.js";

const FILE = "deploy/compose/compose.yaml";

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        build?: { context: string; dockerfile: string };
        image?: string;
        cap_drop: string[];
        command?: string[];
        volumes?: string[];
        ports?: string[];
      }
    >
  >;
}

describe("the compose file", () => {
  const { services } = parse(readFileSync(FILE, "utf8")) as Compose;

  it("builds from Dockerfiles that are there, and drops every capability that is not named", () => {
    for (const { build, image, cap_drop } of Object.values(services)) {
      if (build === undefined) expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/);
      else expect(existsSync(join(dirname(FILE), build.context, build.dockerfile))).toBe(true);
      expect(cap_drop).toEqual(["ALL"]);
    }
  });

  it("mounts folders of the repository that are there, and shows what watches on loopback only", () => {
    const mounts = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(":")[0] ?? ""),
    );
    const own = mounts.filter((path) => path.startsWith("../"));
    expect(own.length).toBeGreaterThan(2);
    for (const path of own) expect(existsSync(join(dirname(FILE), path))).toBe(true);
    for (const name of ["prometheus", "grafana"]) {
      for (const port of services[name]?.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it("starts the coordinator with options that it has", () => {
    const help = runTool(process.execPath, ["dist/coordinator/main.js", "up", "--help"]);
    const options = (services.coordinator?.command ?? []).filter((word) => word.startsWith("--"));
    expect(options.length).toBeGreaterThan(0);
    // The help has them as --publicAddress; both are understood.
    const inHelp = (option: string) => option.replace(/(?<=[a-z])-(.)/g, (_, letter: string) => letter.toUpperCase());
    for (const option of options) expect(help.stdout).toMatch(new RegExp(`${inHelp(option)}\\s`));
  });

  itWithTool("yamllint", "is clean to yamllint", () => {
    const rules = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, comments: disable}}";
    expect(runTool("yamllint", ["--strict", "-d", rules, FILE])).toMatchObject({ code: 0, stdout: "" });
  });

  it("is understood by docker compose", () => {
    if (spawnSync("docker", ["compose", "version"], { stdio: "ignore" }).status !== 0) {
      console.warn("not checked: docker compose is missing (deploy/compose/compose.yaml); no image was built either");
      return;
    }
    const env = { ...process.env, PUBLIC_ADDRESS: "parallax.example.net" };
    const { status, stderr } = spawnSync("docker", ["compose", "-f", FILE, "config", "--quiet"], {
      encoding: "utf8",
      env,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
