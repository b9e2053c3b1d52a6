import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchChain } from "./chain.js";
import { findProgram, start } from "./process.js";
import type { BenchOptions } from "./result.js";

/** What a program that traces came to. */
export interface PeerTraces {
  readonly targets: number;
  /** In the send phase; null where the program has none of its own. */
  readonly packetsPerSecond: number | null;
  readonly seconds: number;
  /** Routers seen, of all that stand before the targets. */
  readonly completeness: number;
}

export interface Peer {
  readonly name: string;
  trace(chain: BenchChain): Promise<PeerTraces>;
}

/** yarrpbox waits so long for late answers before it ends. */
const YARRPBOX_WAIT_SECONDS = 60;
const TARGETS = 65_536;
/** One at a time, so few of them tell its speed. */
const TRACEBOX_TARGETS = 20;
const SCAMPER_TARGETS = 4_096;

/** The programs that are installed (on the path, or where YARRPBOX, TRACEBOX and SCAMPER say). */
export function findTracePeers({ folder, say }: BenchOptions): Peer[] {
  const peers: Peer[] = [];
  const add = (name: string, variable: string, make: (program: string) => Peer["trace"]): void => {
    const program = findProgram(name, variable);
    if (program === null) say(`no ${name} on the path or in ${variable}: not compared`);
    else peers.push({ name, trace: make(program) });
  };
  add("yarrpbox", "YARRPBOX", (program) => (chain) => yarrpbox(program, chain, folder));
  add("tracebox", "TRACEBOX", (program) => (chain) => tracebox(program, chain, folder));
  add("scamper", "SCAMPER", (program) => (chain) => scamper(program, chain, folder));
  return peers;
}

function addressOf(number: number): string {
  return `198.18.${number >>> 8}.${number & 255}`;
}

async function run(chain: BenchChain, program: readonly string[]): Promise<{ seconds: number; printed: string }> {
  const startedMs = performance.now();
  const running = start(chain.command(chain.tracer, program));
  try {
    const [code] = (await once(running.child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`${program[0]} ended with code ${code}: ${running.printed()}`);
    return { seconds: (performance.now() - startedMs) / 1000, printed: running.printed() };
  } finally {
    await running.kill();
  }
}

function listFile(folder: string, count: number): string {
  const file = join(folder, "targets");
  writeFileSync(file, `${Array.from({ length: count }, (_, i) => addressOf(i)).join("\n")}\n`);
  return file;
}

/** TTLs 1 to 8 (a power of two, or it asks addresses of its own), permuted; its own rate is its limit. */
async function yarrpbox(program: string, chain: BenchChain, folder: string): Promise<PeerTraces> {
  const output = join(folder, "yarrpbox");
  rmSync(output, { force: true });
  const { seconds } = await run(chain, [
    ...[program, "-d", "-t", "TCP_SYN", "-p", "80", "-i", listFile(folder, TARGETS), "-o", output],
    ...["-r", "1000000", "-m", "8", "-F", "0", "-a", chain.address, "-S", "1"],
  ]);
  const lines = readFileSync(output, "latin1").split("\n");
  const names = lines.find((line) => line.startsWith("# Output_Fields"))?.replace(/^.*?: /, "") ?? "";
  const columns = names.trim().split(/\s+/);
  const [target, ttl] = [columns.indexOf("target"), columns.findIndex((name) => /ttl/.test(name) && !/^r/.test(name))];
  const seen = new Set<string>();
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const cells = line.split(/\s+/);
    if (Number(cells[ttl]) < chain.hops) seen.add(`${cells[target]} ${cells[ttl]}`);
  }
  const sendSeconds = seconds - YARRPBOX_WAIT_SECONDS;
  return {
    targets: TARGETS,
    packetsPerSecond: (TARGETS * 8) / sendSeconds,
    seconds,
    completeness: seen.size / (TARGETS * (chain.hops - 1)),
  };
}

async function tracebox(program: string, chain: BenchChain, folder: string): Promise<PeerTraces> {
  const probe = "IP/tcp{dst=80}/mss(1460)/SACKP/mpcapable{csum=false}/timestamp{}/wscale(7)";
  let seconds = 0;
  let hops = 0;
  for (let i = 0; i < TRACEBOX_TARGETS; i++) {
    const capture = join(folder, "tracebox.pcap");
    const one = [program, "-n", "-i", chain.link, "-m", "16", "-j", "-f", capture, "-p", probe, addressOf(i + 1)];
    const result = await run(chain, one);
    seconds += result.seconds;
    hops += new Set(result.printed.match(/192\.0\.2\.\d+/g)?.filter((address) => address !== chain.address)).size;
  }
  const completeness = hops / (TRACEBOX_TARGETS * (chain.hops - 1));
  return { targets: TRACEBOX_TARGETS, packetsPerSecond: null, seconds, completeness };
}

async function scamper(program: string, chain: BenchChain, folder: string): Promise<PeerTraces> {
  const output = join(folder, "scamper");
  const { seconds } = await run(chain, [
    ...[program, "-p", "10000", "-c", "trace -P tcp -d 80 -m 16 -w 1 -q 2", "-O", "text", "-o", output],
    ...["-f", listFile(folder, SCAMPER_TARGETS)],
  ]);
  const hops = readFileSync(output, "latin1").match(/^\s*\d+\s+192\.0\.2\.\d+/gm)?.length ?? 0;
  const completeness = hops / (SCAMPER_TARGETS * (chain.hops - 1));
  return { targets: SCAMPER_TARGETS, packetsPerSecond: null, seconds, completeness };
}
