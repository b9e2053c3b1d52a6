import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

const run = promisify(execFile);
const MAIN = join(process.cwd(), "dist/deploy/lab/main.js");
const LINES = 6 + 72;
/** MPTCP v1 (RFC 8684): a socket that asks for it and says whether the peer answered in kind (MPTCP_INFO, level 284). */
const CONNECT = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_STREAM, 262)
s.settimeout(5)
try:
    s.connect((sys.argv[1], 80))
    s.getsockopt(284, 1, 128)
    print("mptcp")
except ConnectionRefusedError: print("refused")
except socket.timeout: print("silent")
except OSError: print("tcp")
`;

interface Running {
  readonly child: ChildProcess;
  readonly machines: readonly string[];
  /** Every process of the lab, as the host numbers them. */
  readonly pids: readonly number[];
  inside(namespace: string, ...argv: string[]): Promise<string>;
}

let started: ChildProcess[] = [];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lab-test-"));
});

// A lab that was killed cannot remove its own folder.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started = [];
});

async function startLab(): Promise<Running> {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  const machines: string[] = [];
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const value = JSON.parse(line) as { name?: string };
    if (value.name !== undefined) machines.push(value.name);
    if (++lines === LINES) break;
  }
  const pids = descendants(child.pid ?? 0);
  const supervisor = pids.find(
    (pid) => commandOf(pid).includes("lab/supervisor.js") && !commandOf(pid).includes("unshare"),
  );
  return {
    child,
    machines,
    pids,
    inside: async (namespace, ...argv) => {
      const enter = ["-t", String(supervisor), "-m", "-p", "nsenter", `--net=/run/netns/${namespace}`];
      return (await run("nsenter", [...enter, ...argv])).stdout.trim();
    },
  };
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

async function untilGone(pids: readonly number[]): Promise<number[]> {
  const left = () => pids.filter((pid) => existsSync(`/proc/${pid}`));
  for (let i = 0; i < 50 && left().length > 0; i++) await sleep(100);
  return left();
}

/** Network namespaces that processes of this machine are in, by inode. */
function namespacesInUse(): Set<string> {
  const links = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/net`);
      } catch {
        return "";
      }
    });
  return new Set(links.filter((link) => link !== ""));
}

describe("the lab", () => {
  it("has hosts that answer as its truth says, over both families", async () => {
    const lab = await startLab();
    expect(lab.machines).toEqual(["fra-80", "fra-443", "nyc-80", "nyc-443", "sin-80", "sin-443"]);
    const connect = (machine: string, address: string) => lab.inside(machine, "python3", "-c", CONNECT, address);
    for (const host of [(n: number) => `198.19.${n}.10`, (n: number) => `2001:db8:${n}::10`]) {
      expect(await connect("sin-80", host(1))).toBe("mptcp");
      expect(await connect("sin-80", host(2))).toBe("tcp");
      expect(await connect("sin-80", host(3))).toBe("refused");
      expect(await connect("fra-80", host(7))).toBe("mptcp");
      expect(await connect("sin-80", host(7))).toBe("tcp");
      expect(await connect("sin-80", host(9))).toBe("mptcp");
      expect(await connect("nyc-80", host(9))).toBe("tcp");
      expect(await connect("nyc-80", host(12))).toBe("tcp");
    }
  }, 60_000);

  it("shows the host nothing, and has no way out", async () => {
    const before = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
    const lab = await startLab();
    expect(execFileSync("ip", ["netns", "list"], { encoding: "utf8" })).toBe(before);
    const routes = await lab.inside("core-b", "ip", "route", "show", "default");
    expect(routes).toBe("");
  }, 60_000);

  it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "leaves no process and no namespace behind after %s",
    async (signal) => {
      const lab = await startLab();
      const own = new Set(lab.pids.map((pid) => readlinkSync(`/proc/${pid}/ns/net`)));
      own.delete(readlinkSync("/proc/self/ns/net"));
      expect(lab.pids.length).toBeGreaterThanOrEqual(3);
      expect(own.size).toBeGreaterThan(0);
      lab.child.kill(signal);
      if (lab.child.exitCode === null && lab.child.signalCode === null) await once(lab.child, "exit");
      expect(await untilGone(lab.pids)).toEqual([]);
      expect([...namespacesInUse()].filter((inode) => own.has(inode))).toEqual([]);
    },
    60_000,
  );
});
