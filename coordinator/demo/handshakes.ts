import { z } from "zod";
import { PORTS } from "../../deploy/lab/networks.js";
import type { TruthTarget } from "../../deploy/lab/truth.js";
import { HANDSHAKE_VERDICTS, type HandshakeVerdict } from "../../shared/verdict/names.js";
import type { DemoLab } from "./lab.js";

/** What a handshake in one version came to, from the table. */
export interface HandshakeFound {
  readonly target: string;
  readonly port: number;
  readonly vantage: string;
  readonly variant: "v0" | "v1";
  readonly verdict: HandshakeVerdict;
}

type ToProve = Pick<TruthTarget, "network" | "address" | "port" | "views" | "handshakes">;

/** The last handshake of each target, vantage point and version of a campaign. */
export function handshakesSql(campaign: string): string {
  return `SELECT replaceRegexpOne(toString(target), '^::ffff:', '') AS target, port, toString(vantage) AS vantage,
    toString(variant) AS variant, toString(argMax(verdict, (received_at, batch, row))) AS verdict
  FROM handshakes WHERE campaign = '${campaign}' GROUP BY handshakes.target, port, vantage, variant`;
}

export const handshakeFound: z.ZodType<HandshakeFound> = z.object({
  target: z.string(),
  port: z.number(),
  vantage: z.string(),
  variant: z.enum(["v0", "v1"]),
  verdict: z.enum(HANDSHAKE_VERDICTS),
});

/**
 * Differences between what handshakes proved and what there is to prove, a line each. The lab's kernels speak version 1
 * only, so nobody can prove version 0.
 */
export function handshakeDifferences(expected: readonly ToProve[], found: readonly HandshakeFound[]): string[] {
  const verdicts = new Map(found.map((one) => [keyOf(one.target, one.port, one.vantage, one.variant), one.verdict]));
  return expected.flatMap(({ network, address, port, views, handshakes }) =>
    Object.keys(views).flatMap((vantage) => {
      const verdictIn = (variant: "v0" | "v1") => verdicts.get(keyOf(address, port, vantage, variant));
      const [v0, v1] = [verdictIn("v0"), verdictIn("v1")];
      const say = (variant: string, got: string | undefined, wanted: string) =>
        `${network}: ${address} port ${port}: handshake ${variant} from ${vantage} is ${got ?? "missing"}, should be ${wanted}`;
      const wanted = handshakes[vantage];
      const lines: string[] = [];
      if (wanted === "proved" && v1 !== "dss-proved") lines.push(say("v1", v1, "dss-proved"));
      if (wanted !== "proved" && isProof(v1)) lines.push(say("v1", v1, "no proof"));
      if (wanted === "unproved" && v1 === undefined) lines.push(say("v1", v1, "no proof, but made"));
      if (isProof(v0)) lines.push(say("v0", v0, "no proof"));
      return lines;
    }),
  );
}

/** Every vantage point proves every needle of the crowd on both ports, and speaks with nobody else. */
export function needleDifferences(
  { needles, machines }: Pick<DemoLab, "needles" | "machines">,
  found: readonly HandshakeFound[],
): string[] {
  const vantages = [...new Set(machines.map(({ vantage }) => vantage))];
  const expected = needles.flatMap((address) =>
    PORTS.map((port) => ({
      network: "crowd",
      address,
      port,
      views: Object.fromEntries(vantages.map((vantage) => [vantage, "claims-v1" as const])),
      handshakes: Object.fromEntries(vantages.map((vantage) => [vantage, "proved" as const])),
    })),
  );
  const others = found.filter(({ target }) => !needles.includes(target));
  return [
    ...handshakeDifferences(expected, found),
    ...(others.length === 0 ? [] : [`crowd: ${others.length} handshakes with hosts that claim nothing`]),
  ];
}

function isProof(verdict: HandshakeVerdict | undefined): boolean {
  return verdict === "dss-proved" || verdict === "join-reset";
}

function keyOf(target: string, port: number, vantage: string, variant: string): string {
  return `${target} ${port} ${vantage} ${variant}`;
}
