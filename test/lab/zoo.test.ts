import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Hop, SynAck } from "../../coordinator/compare/evidence.js";
import type { Lab, startLab as StartLab } from "../../deploy/lab/lab.js";
import { VANTAGE_POINTS } from "../../deploy/lab/networks.js";
import { TIMESTAMPS_GONE } from "../../deploy/lab/zoo/syn-options.js";
import { zooLabs } from "../../deploy/lab/zoo/zoo.js";
import { TCP_ACK, TCP_SYN } from "../../shared/packet/tcp.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { optionKinds, quotedMss } from "../../shared/quote/quoted-options.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import { upToPathEnd } from "../../shared/verdict/path-end.js";
import { judged, type Look, truly } from "../deploy/lab/judged.js";

const SYN_ACK = TCP_SYN | TCP_ACK;
const FIELDS = "saddr,variant,verdict,ttl,window,tcp_flags,optionshex";
const AGENT = join(process.cwd(), "dist/agent/main.js");

interface ReplyLine {
  readonly saddr: string;
  readonly variant: Variant;
  readonly verdict: SynVerdict;
  readonly ttl: number;
  readonly window: number;
  readonly tcp_flags?: number;
  readonly optionshex: string;
}

interface HopLine extends Hop {
  readonly target: string;
  readonly variant: Variant;
  /** In hexadecimal digits. */
  readonly quote: string;
}

// A machine that has much else to do loses packets, and with them hops.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/** Real kernels and real packets; the boxes are the rules that the simulator runs, between two ends of a wire. */
describe("the zoo in the lab, every box near its host", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxzoo-"));
  const file = (name: string): string => join(folder, name);
  const [networks = []] = zooLabs("near-destination");
  let lab: Lab;

  beforeAll(async () => {
    writeFileSync(file("agent.yaml"), 'open: [198.18.0.0/15, "2001:db8::/32"]\n');
    const { startLab } = (await import(join(process.cwd(), "dist/deploy/lab/lab.js"))) as { startLab: typeof StartLab };
    lab = await startLab({ folder, services: [], networks, crowd: false, onProgress: (text) => console.log(text) });
  });
  afterAll(async () => {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gets every verdict and every interval", async () => {
    const truths = lab.truth.filter(({ port }) => port === 80);
    const addresses = truths.map(({ address }) => address);
    const looks: Look[] = [];
    // One after the other: what is on trial is what the boxes do, not how much two cores carry at once.
    for (const { name } of VANTAGE_POINTS) looks.push(await look(name, addresses));
    for (const truth of truths) {
      const { network, address } = truth;
      if (network.startsWith(`${TIMESTAMPS_GONE} `) && address.includes(":")) {
        console.log(`${network} ${address} is left to the simulator: its hops are told apart by time alone`);
        continue;
      }
      expect([network, address, judged(address, looks)]).toEqual([network, address, truly(truth)]);
    }
  }, 240_000);

  async function look(vantage: string, addresses: readonly string[]): Promise<Look> {
    const agent = (...line: string[]) =>
      lab.exec(`${vantage}-80`, [process.execPath, AGENT, ...line, "--config", file("agent.yaml"), ...addresses]);
    const replies = file(`${vantage}.json`);
    await agent("scan", "-q", "-o", replies, "-f", FIELDS, "--window", "500", "--retries", "3", "-r", "2000");
    const traced = ["--max-ttl", "12", "--window", "400", "--retries", "4"];
    const hops = await agent("trace", "--json", "--variant", "v0,v1,plain", ...traced);
    const otherHops = await agent("trace", "--json", "--variant", "plain", "--port", "443", ...traced);
    const replyLines = linesOf<ReplyLine>(readFileSync(replies, "utf8"));
    const hopLines = linesOf<HopLine>(hops).map(withMss);
    const otherLines = linesOf<HopLine>(otherHops).map(withMss);
    return {
      vantage,
      answers: (address) => {
        const own = replyLines.filter(({ saddr }) => saddr === address);
        const verdict = (variant: Variant) => own.find((line) => line.variant === variant)?.verdict ?? "no-reply";
        return Object.fromEntries(VARIANTS.map((variant) => [variant, verdict(variant)])) as Record<
          Variant,
          SynVerdict
        >;
      },
      traces: (address) =>
        (["v0", "v1", "plain"] as const).map((variant) => ({
          variant,
          hops: upToPathEnd(hopLines.filter((line) => line.target === address && line.variant === variant)),
        })),
      synAcks: (address) => replyLines.filter((line) => line.saddr === address).flatMap(synAckOf),
      otherPorts: (address) => [{ port: 443, hops: otherLines.filter((line) => line.target === address) }],
    };
  }
});

function withMss(line: HopLine): HopLine {
  return { ...line, quotedMss: quotedMss(Buffer.from(line.quote, "hex")) };
}

function synAckOf({ variant, ttl, window, tcp_flags, optionshex }: ReplyLine): SynAck[] {
  if (tcp_flags === undefined || (tcp_flags & SYN_ACK) !== SYN_ACK) return [];
  const kinds = optionKinds(Buffer.from(optionshex.replace(/^0x/, ""), "hex"));
  return [{ variant, replyTtl: ttl, window, optionKinds: kinds }];
}

function linesOf<T>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
