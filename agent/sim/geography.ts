import { createHash } from "node:crypto";
import { addressFamily } from "../../shared/address/address.js";
import type { SimHash } from "./hash.js";

/**
 * Where the addresses of a seeded world are. A network is a /24, or in IPv6 a /48, behind an edge router; a provider is a
 * /16, or a /32, behind a border router. A few addresses in each network are routers' and nobody else's.
 */
export interface Place {
  /** The first address of the network. */
  readonly network: Uint8Array;
  /** The first address of the provider. */
  readonly provider: Uint8Array;
}

const EDGE = 1;
const BORDER = 254;
const INNER = 253;
/** Bytes of the 16-byte form that networks and providers have in common. */
const NETWORK_BYTES = { 4: 15, 6: 6 } as const;
const PROVIDER_BYTES = { 4: 14, 6: 4 } as const;

export function placeOf(address: Uint8Array): Place {
  const family = addressFamily(address);
  return { network: firstOf(address, NETWORK_BYTES[family]), provider: firstOf(address, PROVIDER_BYTES[family]) };
}

export function edgeOf({ network }: Place): Uint8Array {
  return withLast(network, EDGE);
}

export function borderOf({ provider }: Place): Uint8Array {
  return withLast(provider, BORDER);
}

/** A router between border and edge: one for all networks whose last byte but one has the same upper bits. */
export function innerOf({ network, provider }: Place, level: number): Uint8Array {
  const router = withLast(provider, INNER - level);
  const at = NETWORK_BYTES[addressFamily(network)] - 1;
  router[at] = (network[at] ?? 0) & (level === 0 ? 0xe0 : 0xf8);
  return router;
}

/** A router of one of the carriers between providers: 100.127.0.0/16 and fdff:ffff::/32. */
export function coreRouter(family: 4 | 6, carrier: number, number: number): Uint8Array {
  const address = new Uint8Array(16);
  if (family === 4) address.set([0xff, 0xff, 100, 127, carrier, number], 10);
  else address.set([0xfd, 0xff, 0xff, 0xff, 0, carrier, 0, 0, 0, 0, 0, 0, 0, 0, 0, number]);
  return address;
}

/** Where a vantage point is plugged in: 100.64.0.0/10 (RFC 6598) and fd00::/8 (RFC 4193) are nobody's. */
export function vantageAddress(family: 4 | 6, name: string, hash: SimHash): Uint8Array {
  const [a = 0, b = 0] = hash.of("vantage", createHash("sha256").update(name).digest().subarray(0, 16), family);
  const address = new Uint8Array(16);
  if (family === 4) address.set([0xff, 0xff, 100, 64 + (a % 63), b & 0xff, 2 + ((b >>> 8) % 250)], 10);
  else
    address.set([
      0xfd,
      a % 0xff,
      b & 0xff,
      (b >>> 8) & 0xff,
      (b >>> 16) & 0xff,
      b >>> 24,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      16,
    ]);
  return address;
}

/** What an address of a network may be: the edge router's, a host's, or nobody's. */
export function roleOf(address: Uint8Array): "edge" | "host" | "nobody" {
  const family = addressFamily(address);
  const last = address[15] ?? 0;
  const isInFront = family === 4 || address.subarray(NETWORK_BYTES[6], 15).every((byte) => byte === 0);
  if (!isInFront) return "host";
  if (last === EDGE) return "edge";
  return last === 0 || last >= INNER - 1 ? "nobody" : "host";
}

function firstOf(address: Uint8Array, bytes: number): Uint8Array {
  const first = new Uint8Array(16);
  first.set(address.subarray(0, bytes));
  return first;
}

function withLast(address: Uint8Array, last: number): Uint8Array {
  const out = address.slice();
  out[15] = last;
  return out;
}
