import { addressFamily, sameAddress } from "../../shared/address/address.js";
import type { Behaviour } from "../../shared/middlebox/behaviour.js";
import { createRule } from "../../shared/middlebox/box.js";
import { ECHO_BOXES, HEADER_BOXES, OPTION_BOXES } from "../../shared/middlebox/catalogue.js";
import { FULL_QUOTE, type QuoteForm } from "../../shared/middlebox/router.js";
import { borderOf, coreRouter, edgeOf, innerOf, type Place, placeOf, roleOf, vantageAddress } from "./geography.js";
import type { Draw, SimHash, Weighted } from "./hash.js";
import type { Path, ServerKind, SimBox, SimHost, SimRouter } from "./path.js";
import type { Shares } from "./seeded-spec.js";
import { createHost, type Personality } from "./server.js";
import { truthOf } from "./truth.js";
import type { SimAttachment, SimWorld } from "./world.js";

/** Ways that are kept for the next packet, per vantage point. */
const KEPT_WAYS = 1_024;
const CARRIERS = 8;

/** Where boxes stand, as numbers of draws. */
const SITE_SOURCE = 0;
const SITE_TRANSIT = 1;
const SITE_HOST = 2;
const SITES = 3;
/** A byte that is 0 in the first address of every provider. */
const TRANSIT_BYTE = 8;

/** Operating systems by the TTL and window of their answers. */
const PERSONALITIES: Weighted<Personality> = [
  [70, { ttl: 64, window: 65_160 }],
  [5, { ttl: 64, window: 65_535 }],
  [20, { ttl: 128, window: 65_535 }],
  [5, { ttl: 255, window: 4_128 }],
];

/** How routers quote: most of them as much as fits; RFC 792's eight bytes are the next best. */
const QUOTE_FORMS: Weighted<QuoteForm> = [
  [74, FULL_QUOTE],
  [14, { ...FULL_QUOTE, bytes: 8 }],
  [4, { ...FULL_QUOTE, padded: true }],
  [2, { ...FULL_QUOTE, mplsLabels: [24_017] }],
  [1, { ...FULL_QUOTE, mplsLabels: [16_004, 24_017], omitsLength: true }],
  [1, { ...FULL_QUOTE, incoming: { index: 7, name: "xe-0/0/3.0", mtu: 1500 } }],
  [2, { ...FULL_QUOTE, bytes: 28 }],
  [1, { ...FULL_QUOTE, swapsLength: true }],
  [1, { ...FULL_QUOTE, ttl: 0 }],
];

/**
 * An Internet of any size that is in no memory: everything about an address comes from its bits and the seed. All vantage
 * points see the same one. A path leads from the vantage point's edge over its provider, one or two carriers and the
 * other provider to the edge of the address's network; boxes stand near the source, in transit and near the host.
 */
export function createSeededWorld(shares: Shares, hash: SimHash): SimWorld {
  function boxIf(
    share: number,
    draw: Draw,
    key: Uint8Array,
    site: number,
    from: Weighted<readonly Behaviour[]>,
  ): SimBox[] {
    if (hash.share(draw, key, site) >= share) return [];
    const behaviours = hash.pick(draw, key, from, site + SITES);
    return [{ kind: "box", behaviours, rule: createRule(behaviours, { routers: [] }), forth: true, back: true }];
  }

  function boxesAt(key: Uint8Array, site: number): SimBox[] {
    return [
      ...boxIf(shares.headerBoxes, "header-box", key, site, HEADER_BOXES),
      ...boxIf(shares.optionBoxes, "option-box", key, site, OPTION_BOXES),
    ];
  }

  const isDark = (network: Uint8Array): boolean => hash.share("dark", network) < shares.dark;

  function router(address: Uint8Array, mostDelayUs: number): SimRouter {
    const isSilent = hash.share("router", address, 1) < shares.silentRouters;
    const quotes = hash.pick("router", address, QUOTE_FORMS);
    return {
      kind: "router",
      address: isSilent ? null : address,
      // RFC 4443 leaves IPv6 routers no choice of how much they quote.
      quotes: addressFamily(address) === 6 && quotes.bytes !== undefined ? FULL_QUOTE : quotes,
      delayUs: 100 + Math.floor(hash.share("delay", address) * mostDelayUs),
    };
  }

  function serverOn(address: Uint8Array, port: number): ServerKind {
    const role = roleOf(address);
    if (role !== "host") return role === "edge" ? "closed" : "silent";
    if (isDark(placeOf(address).network) || hash.share("host", address) >= shares.hosts) return "silent";
    const { open, closed, unreachable, mptcp, mptcpV0 } = shares;
    const drawn = hash.share("server", address, port);
    if (drawn >= open)
      return drawn < open + closed ? "closed" : drawn < open + closed + unreachable ? "unreachable" : "silent";
    const speaks = hash.share("mptcp", address);
    return speaks < mptcp ? "mptcp" : speaks < mptcp + mptcpV0 ? "mptcp-v0" : "tcp";
  }

  function hostAt(address: Uint8Array): SimHost {
    return createHost({
      serverOn,
      hash,
      personality: hash.pick("personality", address, PERSONALITIES),
      delayUs: 50 + Math.floor(hash.share("delay", address) * 1_000),
    });
  }

  const carrierOf = ({ provider }: Place): number => (hash.of("carrier", provider)[0] ?? 0) % CARRIERS;

  /** Routers of the carriers between two providers: of both, where they are not the same. */
  function transit(family: 4 | 6, from: Place, to: Place): SimRouter[] {
    const [a, b] = [carrierOf(from), carrierOf(to)];
    const first = router(coreRouter(family, a, 1 + b), 20_000);
    return a === b ? [first] : [first, router(coreRouter(family, b, 101 + a), 40_000)];
  }

  /** The box on a carrier's link to a provider: all customers of the carrier see it, and nobody else. */
  function transitBoxes(from: Place, { provider }: Place): SimBox[] {
    const key = provider.slice();
    key[TRANSIT_BYTE] = 1 + carrierOf(from);
    return boxesAt(key, SITE_TRANSIT);
  }

  function inner(place: Place): SimRouter[] {
    const levels = (hash.of("inner", place.provider)[0] ?? 0) % 3;
    return Array.from({ length: levels }, (_, level) => router(innerOf(place, level), 2_000));
  }

  /** From a provider's border to the hosts of a network. */
  function lastMile(to: Place): Path["elements"] {
    if (isDark(to.network)) return inner(to);
    return [
      ...inner(to),
      ...boxesAt(to.network, SITE_HOST),
      router(edgeOf(to), 1_000),
      ...boxIf(shares.echoes, "echo-box", to.network, SITE_HOST, ECHO_BOXES),
    ];
  }

  /** Everything before the host. `own` are the boxes near the source, which keep their state. */
  function wayTo(from: Place, own: readonly SimBox[], to: Place, family: 4 | 6): Path["elements"] {
    const edge = router(edgeOf(from), 1_000);
    if (sameAddress(from.network, to.network)) return [edge];
    const border = router(borderOf(from), 3_000);
    if (sameAddress(from.provider, to.provider)) return [edge, ...own, border, ...lastMile(to)];
    const far = router(borderOf(to), 3_000);
    return [edge, ...own, border, ...transit(family, from, to), ...transitBoxes(from, to), far, ...lastMile(to)];
  }

  function attach(name: string): SimAttachment {
    const addresses = { 4: vantageAddress(4, name, hash), 6: vantageAddress(6, name, hash) };
    const ownBoxes = (address: Uint8Array): SimBox[] => boxesAt(placeOf(address).network, SITE_SOURCE);
    const own = { 4: ownBoxes(addresses[4]), 6: ownBoxes(addresses[6]) };
    const ways = new Map<string, Path["elements"]>();
    return {
      ipv4: addresses[4],
      ipv6: addresses[6],
      pathTo(address) {
        const family = addressFamily(address);
        const to = placeOf(address);
        const key = Buffer.from(to.network).toString("latin1");
        const elements = ways.get(key) ?? wayTo(placeOf(addresses[family]), own[family], to, family);
        if (ways.size >= KEPT_WAYS) ways.clear();
        ways.set(key, elements);
        if (isDark(to.network)) return { elements, host: null };
        return { elements: roleOf(address) === "edge" ? upToEdge(elements) : elements, host: hostAt(address) };
      },
    };
  }

  return { attach, truth: (vantage, address, port) => truthOf(attach(vantage).pathTo(address), address, port) };
}

/** An edge router's own address is at the edge. */
function upToEdge(elements: Path["elements"]): Path["elements"] {
  return elements.slice(
    0,
    elements.findLastIndex(({ kind }) => kind === "router"),
  );
}
