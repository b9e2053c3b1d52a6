import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab, LabMachine } from "../../../deploy/lab/lab.js";
import { readCaptureFile } from "../../../shared/pcap/file.js";

/** A probe on its way from an agent's machine, as the first router behind it got it. */
export interface CapturedProbe {
  readonly agent: string;
  /** Unix time in milliseconds, by the kernel's clock, with fractions. */
  readonly atMs: number;
  /** IPv4, as a number. */
  readonly target: number;
  readonly port: number;
}

/** What all agents send, captured by tcpdump at the first router of each vantage point. */
export interface Capture {
  /** Probes so far of whoever is asked for; those of the last moment may still be in tcpdump's buffer. */
  soFar(agent: string): CapturedProbe[];
  /** Ends it. All probes of all agents, by time; throws when the kernel dropped one. */
  finish(): Promise<CapturedProbe[]>;
}

const BEGINS_WITHIN_MS = 10_000;
const PROTOCOL_TCP = 6;

/** SYNs from these machines to `network` (CIDR); files go to `folder`. */
export async function startCapture(
  lab: Lab,
  machines: readonly LabMachine[],
  network: string,
  folder: string,
): Promise<Capture> {
  const names = new Map(machines.map(({ ipv4, name }) => [addressNumber(ipv4), name]));
  const routers = [...new Set(machines.map(({ vantage }) => `${vantage}-r1`))];
  const running = await Promise.all(
    routers.map(async (router) => {
      const file = join(folder, `${router}.pcap`);
      const logFile = join(folder, `${router}.log`);
      const filter = `dst net ${network} and tcp[tcpflags] == tcp-syn`;
      const options = ["-Z", "root", "-U", "-n", "-s", "64", "-B", "16384", "-i", "any", "-Q", "in", "-w", file];
      const child = await lab.start(router, ["tcpdump", ...options, filter], { cwd: folder, logFile });
      const log = () => readFileSync(logFile, "utf8");
      for (const end = Date.now() + BEGINS_WITHIN_MS; !log().includes("listening on"); await sleep(50)) {
        if (Date.now() > end) throw new Error(`tcpdump at ${router}: ${log()}`);
      }
      return { router, file, log, child };
    }),
  );
  return {
    soFar: (agent) => running.flatMap(({ file }) => whole(file, names)).filter((probe) => probe.agent === agent),
    async finish() {
      for (const { router, log, child } of running) {
        await child.kill("SIGINT");
        await child.exited;
        if (!/^0 packets dropped by kernel$/m.test(log())) throw new Error(`the capture at ${router}: ${log()}`);
      }
      return running.flatMap(({ file }) => [...probesIn(file, names)]).sort((a, b) => a.atMs - b.atMs);
    },
  };
}

/** IPv4 in dotted form, or mapped into IPv6 as the store prints it. */
export function addressNumber(text: string): number {
  return text
    .replace("::ffff:", "")
    .split(".")
    .reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** Of a file that is still written: its last record may be cut. */
function whole(file: string, names: ReadonlyMap<number, string>): CapturedProbe[] {
  const found: CapturedProbe[] = [];
  try {
    for (const probe of probesIn(file, names)) found.push(probe);
  } catch (error) {
    if (!(error instanceof Error && /truncated|ends/.test(error.message))) throw error;
  }
  return found;
}

function* probesIn(file: string, names: ReadonlyMap<number, string>): Generator<CapturedProbe> {
  for (const { timestampUs, packet } of readCaptureFile(file)) {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    if (view.getUint8(0) !== 0x45 || view.getUint8(9) !== PROTOCOL_TCP) continue;
    const agent = names.get(view.getUint32(12));
    if (agent === undefined || timestampUs === null) continue;
    yield { agent, atMs: timestampUs / 1_000, target: view.getUint32(16), port: view.getUint16(22) };
  }
}
