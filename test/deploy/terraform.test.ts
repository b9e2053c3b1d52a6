import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect } from "@jest/globals";
import { parse } from "yaml";
import { itWithTool, runTool } from "./tool.js";

const SUM = "0123456789abcdef".repeat(4);
const VARIABLES = {
  i_have_permission: true,
  locations: ["fsn1", "ash"],
  pools: { "80": 1, "443": 2 },
  token: 'tok"en',
  package: { url: "https://example.net/agent.tar.gz", sha256: SUM },
  node_sha256: SUM,
  contact: { email: "research@example.net", url: "https://example.net/why" },
  administrators: ["192.0.2.0/24"],
};

interface CloudConfig {
  readonly write_files: readonly { path: string; content: string; encoding?: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

const folder = mkdtempSync(join(tmpdir(), "parallax-terraform-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Nothing is asked on the network. */
const ENVIRONMENT = { ...process.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_CLI_CONFIG_FILE: "/dev/null" };

function terraform(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync("terraform", args, { cwd, encoding: "utf8", env: ENVIRONMENT });
  return { code: status, stdout, stderr: stderr.replace(/[│╷╵\s]+/g, " ") };
}

let copies = 0;
/** The part that needs no provider, with these variables, ready to be planned. */
function fleetWith(change: Record<string, unknown>): string {
  const copy = join(folder, String(copies++));
  mkdirSync(join(copy, "terraform"), { recursive: true });
  cpSync("deploy/install-agent.sh", join(copy, "install-agent.sh"));
  cpSync("deploy/terraform/fleet", join(copy, "terraform/fleet"), { recursive: true });
  const fleet = join(copy, "terraform/fleet");
  writeFileSync(join(fleet, "test.auto.tfvars.json"), JSON.stringify({ ...VARIABLES, ...change }));
  expect(terraform(fleet, "init", "-input=false", "-backend=false")).toMatchObject({ code: 0 });
  return fleet;
}

describe("the Terraform modules", () => {
  console.warn(
    "not checked: terraform validate of deploy/terraform/{aws,hetzner} needs their providers from the network",
  );

  itWithTool("terraform", "are formatted", () => {
    expect(terraform(".", "fmt", "-check", "-recursive", "deploy/terraform")).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  itWithTool("terraform", "plan nothing without permission, nor with what is no sum or no contact", () => {
    const plan = (change: Record<string, unknown>) => terraform(fleetWith(change), "plan", "-input=false", "-no-color");
    const refused: [Record<string, unknown>, RegExp][] = [
      [{ i_have_permission: false }, /Nothing is planned before you have the provider's permission to scan/],
      [{ package: { url: "https://example.net/a", sha256: "abc" } }, /a SHA-256 sum of 64/],
      [{ contact: { email: "nobody", url: "https://example.net" } }, /Give an e-mail address and a page's address/],
      [{ pools: { web: 1 } }, /Write pools as/],
    ];
    for (const [change, reason] of refused) {
      const { code, stderr } = plan(change);
      expect({ change, code }).toEqual({ change, code: 1 });
      expect(stderr).toMatch(reason);
    }
    expect(plan({})).toMatchObject({ code: 0 });
  });

  itWithTool("terraform", "put a machine of each pool into each location, all through one cloud-init template", () => {
    const fleet = fleetWith({});
    expect(terraform(fleet, "apply", "-input=false", "-auto-approve")).toMatchObject({ code: 0 });
    const output = (name: string): unknown => JSON.parse(terraform(fleet, "output", "-json", name).stdout);
    expect(output("agents")).toEqual({
      "ash-80-1": { location: "ash", port: "80" },
      "ash-443-1": { location: "ash", port: "443" },
      "ash-443-2": { location: "ash", port: "443" },
      "fsn1-80-1": { location: "fsn1", port: "80" },
      "fsn1-443-1": { location: "fsn1", port: "443" },
      "fsn1-443-2": { location: "fsn1", port: "443" },
    });
    const text = (output("user_data") as Record<string, string>)["ash-443-2"] ?? "";
    // AWS takes 16 KiB, and before gzip the other providers take no less.
    expect(text.length).toBeLessThan(16_384);
    const file = join(folder, "user-data.yaml");
    writeFileSync(file, text);
    checkCloudConfig(file, parse(text) as CloudConfig);
  });
});

function checkCloudConfig(file: string, config: CloudConfig): void {
  const content = (path: string) => config.write_files.find((one) => one.path === path)?.content ?? "";
  expect(content("/root/agent.token")).toBe('tok"en');
  const installer = gunzipSync(Buffer.from(content("/root/install-agent.sh"), "base64")).toString();
  expect(installer).toBe(execFileSync("cat", ["deploy/install-agent.sh"], { encoding: "utf8" }));
  const [program, ...args] = config.runcmd.find(([first]) => first === "/root/install-agent.sh") ?? [];
  expect(program).toBe("/root/install-agent.sh");
  const known = runTool("sh", ["deploy/install-agent.sh", "--help"]).stdout;
  for (const option of args.filter((word) => word.startsWith("--"))) expect(known).toMatch(new RegExp(` ${option} `));
  const value = (option: string) => args[args.indexOf(option) + 1];
  expect([value("--name"), value("--vantage"), value("--label"), value("--ports")]).toEqual([
    "ash-443-2",
    "ash",
    "web=443",
    "443",
  ]);
  optional("cloud-init", ["schema", "--config-file", file], "the rendered cloud-init");
  optional(
    "yamllint",
    [
      "--strict",
      "-d",
      "{extends: default, rules: {line-length: disable, comments: disable, document-start: disable}}",
      file,
    ],
    "the style of the rendered cloud-init",
  );
  const rules = join(folder, "nftables.conf");
  writeFileSync(rules, content("/etc/nftables.conf"));
  // Checked in a namespace of its own: even a check wants to look at what is there.
  optional(
    "unshare",
    ["--user", "--map-root-user", "--net", "nft", "--check", "--file", rules],
    "the machine's packet filter",
  );
}

function optional(tool: string, args: readonly string[], what: string): void {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: "utf8" });
  if (error === undefined) expect({ tool, status, stdout, stderr }).toMatchObject({ status: 0 });
  else console.warn(`not checked: ${tool} is missing (${what})`);
}
