import { createSimHash } from "../../../agent/sim/hash.js";
import type { Path, SimBox, SimRouter } from "../../../agent/sim/path.js";
import { createHost, LINUX } from "../../../agent/sim/server.js";
import type { SimWorld } from "../../../agent/sim/world.js";
import type { View } from "../../../coordinator/compare/evidence.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import { formatAddress, ipv4FromNumber } from "../../../shared/address/address.js";
import type { SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import type { Behaviour } from "../../../shared/middlebox/behaviour.js";
import { createRule } from "../../../shared/middlebox/box.js";
import { FULL_QUOTE } from "../../../shared/middlebox/router.js";
import { OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import type { Placement } from "../../../shared/verdict/names.js";
import { viewOf } from "./findings.js";
import { createSimKit } from "./sim-kit.js";

/**
 * A world whose boxes stand where a target's number says. A path is the vantage point's own edge and border, a carrier
 * that half of the vantage points have in common, the target's border, an inner router, its edge, and the host.
 */
export const SITES = [
  "nowhere",
  "source",
  "transit",
  "destination",
  "source+destination",
  "transit+destination",
] as const;
export type Site = (typeof SITES)[number];

/** What a comparison has to say of each: a box before the host is what every path ends in, whatever else is on the way. */
export const EXPECTED: Readonly<Record<Site, Placement>> = {
  nowhere: "agree",
  source: "near-source",
  transit: "transit",
  destination: "near-destination",
  "source+destination": "near-destination",
  "transit+destination": "near-destination",
};

const VANTAGES = 8;
const FIRST = 0xc612_0000;

const strip = (fill: "cut" | "nop"): Behaviour => ({ kind: "strip", when: {}, options: [OPTION_MPTCP], fill });
const BEHAVIOURS: readonly (readonly Behaviour[])[] = [
  [strip("cut")],
  [strip("nop")],
  [{ kind: "drop", when: { segment: "syn", options: [OPTION_MPTCP] } }],
  [{ kind: "reset", when: { segment: "syn", options: [OPTION_MPTCP] }, both: false }],
];

function siteOf(target: number): Site {
  return SITES[target % SITES.length] as Site;
}

function createPlacedWorld(seed: string): SimWorld {
  const hash = createSimHash(seed);
  const router = (address: number): SimRouter => ({
    kind: "router",
    address: ipv4FromNumber(address >>> 0),
    quotes: FULL_QUOTE,
    delayUs: 500,
  });
  const box = (number: number): SimBox => {
    const behaviours = BEHAVIOURS[number % BEHAVIOURS.length] as readonly Behaviour[];
    return { kind: "box", behaviours, rule: createRule(behaviours, { routers: [] }), forth: true, back: true };
  };

  function pathTo(vantage: number, address: Uint8Array): Path {
    const target = new DataView(address.buffer, address.byteOffset).getUint32(12) - FIRST;
    const site = siteOf(target);
    const kind = Math.floor(target / SITES.length);
    const half = vantage % 2;
    // One to three of the vantage points have a box of their own.
    const hasOwn = (vantage + target) % VANTAGES < 1 + (kind % 3);
    const at = (where: "source" | "transit" | "destination", isThere: boolean, number: number): SimBox[] =>
      site.split("+").includes(where) && isThere ? [box(number)] : [];
    return {
      elements: [
        router(0x0a00_0001 + (vantage << 8)),
        ...at("source", hasOwn, kind),
        router(0x0a00_0002 + (vantage << 8)),
        router(0x0b00_0000 + half * 0x1_0000 + (target % 64)),
        ...at("transit", half === target % 2, kind),
        router(0x0c00_0000 + target * 4),
        router(0x0c00_0001 + target * 4),
        ...at("destination", true, kind + 1),
        router(0x0c00_0002 + target * 4),
      ],
      host: createHost({
        serverOn: () => (target % 5 === 0 ? "mptcp" : "tcp"),
        hash,
        personality: LINUX,
        delayUs: 300,
      }),
    };
  }

  return {
    attach: (name) => ({
      ipv4: ipv4FromNumber(0x0a00_00c8 + (Number(name) << 8)),
      ipv6: null,
      pathTo: (address) => pathTo(Number(name), address),
    }),
    truth: () => {
      throw new Error("the sites are the truth");
    },
  };
}

export interface Placed {
  readonly site: Site;
  readonly target: string;
  readonly placement: Placement;
  readonly rule: string;
  readonly explanation: readonly string[];
}

/** Scans and traces `count` targets from 8 vantage points and judges them; `loss` of the packets are lost on each way. */
export async function judgePlacedTargets(first: number, count: number, loss: number): Promise<Placed[]> {
  const world = createPlacedWorld(`placed ${first}`);
  const targets = Array.from({ length: count }, (_, i) => ({ address: ipv4FromNumber(FIRST + first + i), port: 80 }));
  const views: View[][] = targets.map(() => []);
  for (let vantage = 0; vantage < VANTAGES; vantage++) {
    const kit = () =>
      createSimKit({
        world,
        vantage: String(vantage),
        targets: { kind: "list", targets, from: 0, size: count },
        packetsPerSecond: 1_000_000,
        seed: first,
        slots: 4_096,
        loss,
        tracebox: { retries: 2 },
        synscan: { retries: 2 },
      });
    const replies = byIndex<SynReplyRow>(await kit().scan());
    const hops = byIndex<TraceHopRow>(await kit().trace());
    for (const [index, own] of views.entries()) {
      own.push({ ...viewOf(hops.get(index) ?? [], replies.get(index) ?? [], index), vantage: String(vantage) });
    }
  }
  return views.map((own, i) => {
    const { placement, explanation } = judge(own, changesOn(own));
    const target = formatAddress(targets[i]?.address ?? new Uint8Array(16));
    return { site: siteOf(first + i), target, placement: placement.result, rule: placement.rule, explanation };
  });
}

function byIndex<T extends { readonly index: number }>(rows: readonly T[]): Map<number, T[]> {
  const found = new Map<number, T[]>();
  for (const row of rows) {
    const own = found.get(row.index);
    if (own === undefined) found.set(row.index, [row]);
    else own.push(row);
  }
  return found;
}
