import { createSimHash } from "../../../agent/sim/hash.js";
import type { Path, SimBox, SimRouter } from "../../../agent/sim/path.js";
import { createHost, LINUX } from "../../../agent/sim/server.js";
import type { SimWorld } from "../../../agent/sim/world.js";
import type { BoxedTarget } from "../../../coordinator/demo/dossiers.js";
import type { TruthChange } from "../../../deploy/lab/truth.js";
import { formatAddress, ipv4FromNumber } from "../../../shared/address/address.js";
import type { FactRow } from "../../../shared/batch/rows.js";
import type { Behaviour } from "../../../shared/middlebox/behaviour.js";
import { createRule } from "../../../shared/middlebox/box.js";
import { FULL_QUOTE } from "../../../shared/middlebox/router.js";
import { OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import type { Placement } from "../../../shared/verdict/names.js";
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

/** They go by their number. */
export const PLACED_VANTAGES = ["0", "1", "2", "3", "4", "5", "6", "7"] as const;
const FIRST = 0xc612_0000;
const PORT = 80;

const strip = (fill: "cut" | "nop"): Behaviour => ({ kind: "strip", when: {}, options: [OPTION_MPTCP], fill });
/** What boxes do, and what shows of it. */
const KINDS: readonly { readonly behaviours: readonly Behaviour[]; readonly condition: string }[] = [
  { behaviours: [strip("cut")], condition: "tcp.option.mptcp.removed" },
  { behaviours: [strip("nop")], condition: "tcp.option.mptcp.nop" },
  {
    behaviours: [{ kind: "drop", when: { segment: "syn", options: [OPTION_MPTCP] } }],
    condition: "tcp.option.mptcp.blocked",
  },
  {
    behaviours: [{ kind: "reset", when: { segment: "syn", options: [OPTION_MPTCP] }, both: false }],
    condition: "tcp.option.mptcp.reset",
  },
];

function siteOf(target: number): Site {
  return SITES[target % SITES.length] as Site;
}

const router = (address: number): SimRouter => ({
  kind: "router",
  address: ipv4FromNumber(address >>> 0),
  quotes: FULL_QUOTE,
  delayUs: 500,
});

function boxesAt(isThere: boolean, number: number): SimBox[] {
  const { behaviours = [] } = KINDS[number % KINDS.length] ?? {};
  if (!isThere) return [];
  return [{ kind: "box", behaviours, rule: createRule(behaviours, { routers: [] }), forth: true, back: true }];
}

/** What lies between a vantage point and a target, by their numbers. */
function elementsTo(vantage: number, target: number): Path["elements"] {
  const places = siteOf(target).split("+");
  const kind = Math.floor(target / SITES.length);
  const half = vantage % 2;
  // One to three of the vantage points have a box of their own.
  const hasOwn = (vantage + target) % PLACED_VANTAGES.length < 1 + (kind % 3);
  return [
    router(0x0a00_0001 + (vantage << 8)),
    ...boxesAt(places.includes("source") && hasOwn, kind),
    router(0x0a00_0002 + (vantage << 8)),
    router(0x0b00_0000 + half * 0x1_0000 + (target % 64)),
    ...boxesAt(places.includes("transit") && half === target % 2, kind),
    router(0x0c00_0000 + target * 4),
    router(0x0c00_0001 + target * 4),
    ...boxesAt(places.includes("destination"), kind + 1),
    router(0x0c00_0002 + target * 4),
  ];
}

/** The first box of a path: it leaves no option for the next one to meet. */
function changeTo(vantage: number, target: number): TruthChange[] {
  const elements = elementsTo(vantage, target);
  const at = elements.findIndex(({ kind }) => kind === "box");
  const [after, box, before] = elements.slice(at - 1, at + 2);
  if (at < 0 || after?.kind !== "router" || box?.kind !== "box" || before?.kind !== "router") return [];
  const condition = KINDS.find(({ behaviours }) => behaviours === box.behaviours)?.condition ?? "";
  return [{ vantage: String(vantage), condition, after: nameOf(after), before: nameOf(before) }];
}

function nameOf({ address }: SimRouter): string {
  return formatAddress(address ?? new Uint8Array(16));
}

/** The targets with numbers `[first, first + count)`, each with its site as `network`, and the boxes that its paths show. */
export function placedTargets(first: number, count: number): (BoxedTarget & { readonly network: Site })[] {
  return Array.from({ length: count }, (_, i) => {
    const target = first + i;
    const changes = PLACED_VANTAGES.flatMap((_name, vantage) => changeTo(vantage, target));
    return { network: siteOf(target), address: formatAddress(ipv4FromNumber(FIRST + target)), port: PORT, changes };
  });
}

function createPlacedWorld(seed: string): SimWorld {
  const hash = createSimHash(seed);
  const pathTo = (vantage: number, address: Uint8Array): Path => {
    const target = new DataView(address.buffer, address.byteOffset).getUint32(12) - FIRST;
    const serverOn = () => (target % 5 === 0 ? "mptcp" : "tcp");
    const host = createHost({ serverOn, hash, personality: LINUX, delayUs: 300 });
    return { elements: elementsTo(vantage, target), host };
  };
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

/** What a vantage point's scan and traces of those targets find; `loss` of the packets are lost on each way. */
export async function lookAtPlaced(
  vantage: (typeof PLACED_VANTAGES)[number],
  first: number,
  count: number,
  loss: number,
): Promise<FactRow[]> {
  const world = createPlacedWorld(`placed ${first}`);
  const addresses = Array.from({ length: count }, (_, i) => ipv4FromNumber(FIRST + first + i));
  const kit = () =>
    createSimKit({
      world,
      vantage,
      targets: { kind: "list", targets: addresses.map((address) => ({ address, port: PORT })), from: 0, size: count },
      packetsPerSecond: 1_000_000,
      seed: first,
      slots: 4_096,
      loss,
      tracebox: { retries: 2 },
      synscan: { retries: 2 },
    });
  return [...(await kit().scan()), ...(await kit().trace())];
}
