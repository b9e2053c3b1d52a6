import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { itWithTool, runTool } from "./tool.js";

const ARCH = process.arch === "arm64" ? "arm64" : "x64";
const OTHER_ARCH = ARCH === "x64" ? "arm64" : "x64";
const SCRIPT = "deploy/install-agent.sh";

const all = mkdtempSync(join(tmpdir(), "parallax-install-"));
afterAll(() => rmSync(all, { recursive: true }));
let root = "";
let roots = 0;
beforeEach(() => {
  root = join(all, `root-${roots++}`);
});

/** Stands in for the agent: it wants a Node.js that says nothing on --version, and knows one good token. */
const AGENT = `#!/bin/sh
node=\${PARALLAX_NODE:-$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")/node/bin/node}
command -v "$node" >/dev/null || node=node
"$node" --version >/dev/null || { echo "parallax-agent: Node 18.20.4 is too old, 20.19 or later is needed" >&2; exit 1; }
[ "$1" = enroll ] || exit 0
shift
while [ $# -gt 0 ]; do
  case $1 in --token-file) file=$2 ;; --identity) folder=$2 ;; esac
  shift 2
done
if [ "$(cat "$file")" != good-token ]; then
  echo "parallax-agent: the token was used before; ask for another" >&2
  exit 1
fi
mkdir -p "$folder"
echo '{}' >"$folder/identity.json"
echo "enrolled as agent fra-1"
`;

interface Package {
  readonly file: string;
  readonly sum: string;
}

function packageOf(version: string, arch = ARCH): Package {
  const parent = mkdtempSync(join(all, "package-"));
  const name = `parallax-agent-${version}-linux-${arch}`;
  const folder = join(parent, name);
  mkdirSync(join(folder, "bin"), { recursive: true });
  mkdirSync(join(folder, "systemd"));
  writeFileSync(join(folder, "bin/parallax-agent"), AGENT, { mode: 0o755 });
  writeFileSync(join(folder, "systemd/parallax-agent.service"), `# ${version}\n`);
  return packed(parent, name);
}

function packed(parent: string, name: string): Package {
  const file = join(parent, `${name}.tar.gz`);
  expect(runTool("tar", ["-czf", file, "-C", parent, name]).code).toBe(0);
  return { file, sum: createHash("sha256").update(readFileSync(file)).digest("hex") };
}

interface Ran {
  readonly code: number | null;
  readonly stderr: string;
}

function install(args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
  const { status, stderr } = spawnSync("sh", [SCRIPT, "--root", root, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, stderr };
}

const of = ({ file, sum }: Package): string[] => ["--tarball", file, "--sha256", sum];
const GOOD = ["--token", "good-token", "--interface", "eth0"];
const inRoot = (path: string): string => join(root, path);
const isEmpty = (): boolean =>
  !existsSync(root) || runTool("find", [root, "-type", "f", "-o", "-type", "l"]).stdout === "";
const program = (): string => inRoot("opt/parallax-agent/current/bin/parallax-agent");

describe("install-agent.sh", () => {
  itWithTool("shellcheck", "is clean to shellcheck", () => {
    const { code, stdout } = runTool("shellcheck", [SCRIPT, "deploy/package/parallax-agent", "deploy/setup.sh"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("installs, enrols and configures an agent", () => {
    const more = ["--name", "fra-1", "--vantage", "fra", "--label", "web=80", "--label", "region=eu-central"];
    const rules = [
      "--ports",
      "80,443",
      "--pps",
      "2000",
      "--spool-mib",
      "64",
      "--open",
      "10.0.0.0/8",
      "--open",
      "fd00::/8",
    ];
    const contact = ["--contact", "research@example.net", "--contact-url", "https://example.net/why?a=1&b=2"];
    const { code, stderr } = install([...of(packageOf("1.2.3")), ...GOOD, ...more, ...rules, ...contact]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readlinkSync(inRoot("opt/parallax-agent/current"))).toBe("1.2.3");
    expect(runTool(program(), []).code).toBe(0);
    expect(readFileSync(inRoot("etc/systemd/system/parallax-agent.service"), "utf8")).toBe("# 1.2.3\n");
    expect(parse(readFileSync(inRoot("etc/parallax/agent.yaml"), "utf8"))).toEqual({
      name: "fra-1",
      vantage: "fra",
      labels: { web: "80", region: "eu-central" },
      identity: "../../var/lib/parallax-agent/identity",
      spool: { folder: "../../var/lib/parallax-agent/spool", maxBytes: 67_108_864 },
      interface: "eth0",
      caps: { packetsPerSecond: 2_000, ports: [80, 443] },
      open: ["10.0.0.0/8", "fd00::/8"],
      contact: { email: "research@example.net", url: "https://example.net/why?a=1&b=2" },
    });
    expect(existsSync(inRoot("var/lib/parallax-agent/identity/identity.json"))).toBe(true);
    expect(statSync(inRoot("var/lib/parallax-agent")).mode & 0o777).toBe(0o700);
    expect(readdirSync(inRoot("opt/parallax-agent")).sort()).toEqual(["1.2.3", "current"]);
  });

  it("upgrades: configuration and identity stay, the version before stays, older ones do not", () => {
    expect(install([...of(packageOf("1.0.0")), ...GOOD])).toMatchObject({ code: 0 });
    writeFileSync(inRoot("etc/parallax/agent.yaml"), "mine: true\n");
    // No token, nor anything else: it is enrolled.
    expect(install(of(packageOf("1.1.0")))).toMatchObject({ code: 0 });
    expect(install(of(packageOf("1.2.0")))).toMatchObject({ code: 0 });
    expect(readlinkSync(inRoot("opt/parallax-agent/current"))).toBe("1.2.0");
    expect(readdirSync(inRoot("opt/parallax-agent")).sort()).toEqual(["1.1.0", "1.2.0", "current"]);
    expect(readFileSync(inRoot("etc/parallax/agent.yaml"), "utf8")).toBe("mine: true\n");
    expect(readFileSync(inRoot("etc/systemd/system/parallax-agent.service"), "utf8")).toBe("# 1.2.0\n");
  });

  it("comes to the same when it is run twice", () => {
    const args = [...of(packageOf("1.0.0")), ...GOOD];
    expect(install(args)).toMatchObject({ code: 0 });
    expect(install(args)).toMatchObject({ code: 0 });
    expect(readdirSync(inRoot("opt/parallax-agent")).sort()).toEqual(["1.0.0", "current"]);
  });

  it("unpacks nothing whose sum is another", () => {
    const { file } = packageOf("1.0.0");
    const { code, stderr } = install(["--tarball", file, "--sha256", "0".repeat(64), ...GOOD]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^install-agent: the package has the sum [0-9a-f]{64}, not 0{64}; fetch it again, .*\n$/);
    expect(isEmpty()).toBe(true);
  });

  it("leaves nothing behind when the coordinator refuses, and says why in its last line", () => {
    const { code, stderr } = install([...of(packageOf("1.0.0")), "--token", "used-token", "--interface", "eth0"]);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toBe(
      "install-agent: the coordinator does not take this machine: the token was used before; ask for another; nothing was installed",
    );
    expect(isEmpty()).toBe(true);
  });

  it("leaves a working agent alone when its upgrade fails", () => {
    expect(install([...of(packageOf("1.0.0")), ...GOOD])).toMatchObject({ code: 0 });
    const { file } = packageOf("1.1.0");
    expect(install(["--tarball", file, "--sha256", "0".repeat(64)])).toMatchObject({ code: 1 });
    expect(readdirSync(inRoot("opt/parallax-agent")).sort()).toEqual(["1.0.0", "current"]);
    expect(runTool(program(), []).code).toBe(0);
  });

  it("refuses what is no package, or one for another machine", () => {
    const parent = mkdtempSync(join(all, "other-"));
    mkdirSync(join(parent, "etc"));
    writeFileSync(join(parent, "etc/passwd"), "");
    const foreign = packed(parent, "etc");
    expect(install([...of(foreign), ...GOOD])).toEqual({
      code: 1,
      stderr: "install-agent: the archive is no package of the agent; use one that npm run build:agent made\n",
    });
    const other = install([...of(packageOf("1.0.0", OTHER_ARCH)), ...GOOD]);
    expect(other.stderr).toMatch(
      new RegExp(`^install-agent: parallax-agent-1.0.0-linux-${OTHER_ARCH} is not for this machine`),
    );
    const text = join(all, "text.tar.gz");
    writeFileSync(text, "no archive");
    const sum = createHash("sha256").update("no archive").digest("hex");
    expect(install([...of({ file: text, sum }), ...GOOD]).stderr).toMatch(
      /^install-agent: the package is no tar archive; /,
    );
    expect(isEmpty()).toBe(true);
  });

  it("puts Node.js beside the agent where there is none that is new enough, after its sum was checked", () => {
    const bin = mkdtempSync(join(all, "bin-"));
    writeFileSync(join(bin, "node"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const old = { PATH: `${bin}:${process.env.PATH}` };
    const agent = packageOf("1.0.0");
    const args = [...of(agent), ...GOOD];
    expect(install(args, old)).toEqual({
      code: 1,
      stderr: "install-agent: Node 18.20.4 is too old, 20.19 or later is needed; nothing was installed\n",
    });
    const parent = mkdtempSync(join(all, "node-"));
    mkdirSync(join(parent, "node-v20/bin"), { recursive: true });
    writeFileSync(join(parent, "node-v20/bin/node"), `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const node = packed(parent, "node-v20");
    const withNode = [...args, "--with-node", "--node-tarball", node.file];
    expect(install(withNode, old).stderr).toMatch(
      /^install-agent: --with-node wants --node-sha256; copy the sum .*\n$/,
    );
    expect(install([...withNode, "--node-sha256", "0".repeat(64)], old).stderr).toMatch(
      /package of Node.js has the sum/,
    );
    expect(isEmpty()).toBe(true);
    expect(install([...withNode, "--node-sha256", node.sum], old)).toMatchObject({ code: 0 });
    expect(existsSync(inRoot("opt/parallax-agent/node/bin/node"))).toBe(true);
    expect(runTool(program(), []).code).toBe(0);
    // An upgrade finds it there.
    expect(install(of(packageOf("1.1.0")), old)).toMatchObject({ code: 0 });
    expect(runTool(program(), []).code).toBe(0);
  });

  it("takes the token from a file, and a configuration as it is", () => {
    const [token, config] = [join(all, "token"), join(all, "agent.yaml")];
    writeFileSync(token, "good-token\n");
    writeFileSync(config, "as: it is\n");
    expect(install([...of(packageOf("1.0.0")), "--token-file", token, "--config", config])).toMatchObject({ code: 0 });
    expect(readFileSync(inRoot("etc/parallax/agent.yaml"), "utf8")).toBe("as: it is\n");
  });

  it("is gone after --uninstall; what is the operator's goes with --purge only", () => {
    expect(install([...of(packageOf("1.0.0")), ...GOOD])).toMatchObject({ code: 0 });
    expect(install(["--uninstall"])).toMatchObject({ code: 0 });
    expect(existsSync(inRoot("opt/parallax-agent"))).toBe(false);
    expect(existsSync(inRoot("etc/systemd/system/parallax-agent.service"))).toBe(false);
    expect(existsSync(inRoot("var/lib/parallax-agent/identity/identity.json"))).toBe(true);
    expect(existsSync(inRoot("etc/parallax/agent.yaml"))).toBe(true);
    expect(install(["--uninstall", "--purge"])).toMatchObject({ code: 0 });
    expect(isEmpty()).toBe(true);
  });

  it("tells wrong usage by exit code 2 and one line with the remedy", () => {
    const agent = packageOf("1.0.0");
    const cases: [string[], string][] = [
      [["--tarball", agent.file], "--sha256 is missing"],
      [["--sha256", agent.sum], "no package is named"],
      [[...of(agent), "--interface", "eth0"], "this machine is not enrolled and no token is there"],
      [[...of(agent), ...GOOD, "--name", 'a"\nopen: [0.0.0.0/0]'], '--name "a"'],
      [[...of(agent), ...GOOD, "--contact", "a@example.net"], "--contact goes with --contact-url"],
      [[...of(agent), "--colour", "red"], "--colour is unknown"],
      [[...of(agent), "--token"], "--token is unknown or has no value"],
      [["--token=abc"], "--token=abc is not understood"],
    ];
    for (const [args, problem] of cases) {
      const { code, stderr } = install(args);
      expect({ args, code, stderr }).toMatchObject({ code: 2 });
      expect(
        stderr.trim().split("\n").at(-1)?.startsWith("install-agent: ") || stderr.startsWith("install-agent: "),
      ).toBe(true);
      expect(stderr).toContain(problem);
      expect(isEmpty()).toBe(true);
    }
    expect(dirname(root)).toBe(all);
  });
});
