import type { TraceBoard } from "./board.js";

/**
 * Watches which routers answer at which TTL, and tells the sender by the board: how many probes with a TTL may go so that
 * no router has to answer more than its rate, and which first hops all targets share.
 */
export interface RouterWatch {
  /** A router answered a probe with `ttl`. `family` 0: IPv4, 1: IPv6; `router` has 16 bytes. */
  answered(family: 0 | 1, ttl: number, router: Uint8Array): void;
}

/** Answers at a TTL before its routers count as known. */
const LEAST_ANSWERS = 64;
/** Beyond so many the older answers count half, so that a change of the routes is followed. */
const MOST_ANSWERS = 4096;
/** Routers of a TTL that are told apart; more of them have a small part each. */
const MOST_ROUTERS = 64;
const TTLS = 64;

interface Distance {
  readonly routers: Map<number, number>;
  answers: number;
  largest: number;
}

export interface RouterWatchOptions {
  /** Null: routers may get any number. */
  readonly routerPacketsPerSecond: number | null;
  /** Every trace asks the first hops, too, whoever shares them. */
  readonly everyHop: boolean;
}

export function createRouterWatch(board: TraceBoard, options: RouterWatchOptions): RouterWatch {
  const { routerPacketsPerSecond, everyHop } = options;
  const distances = Array.from({ length: 2 * TTLS }, (): Distance => ({ routers: new Map(), answers: 0, largest: 0 }));
  // Until it is known who answers, one router may be behind all of a TTL's probes.
  if (routerPacketsPerSecond !== null) board.hopRates.fill(routerPacketsPerSecond);

  function share(ttl: number): number {
    const known = [0, TTLS].map((first) => distances[first + ttl] as Distance).filter(({ answers }) => answers > 0);
    return Math.max(...known.map(({ answers, largest }) => (answers < LEAST_ANSWERS ? 1 : largest / answers)));
  }

  function countShared(family: 0 | 1): void {
    let hops = 0;
    for (let ttl = 1; ttl < TTLS; ttl++) {
      const { answers, routers } = distances[family * TTLS + ttl] as Distance;
      if (answers < LEAST_ANSWERS || routers.size > 1) break;
      hops = ttl;
    }
    board.sharedHops[family] = hops;
  }

  return {
    answered(family, ttl, router) {
      const distance = distances[family * TTLS + ttl] as Distance;
      const { routers } = distance;
      const key = numberOf(router);
      const before = routers.get(key) ?? 0;
      if (before === 0 && routers.size >= MOST_ROUTERS) {
        distance.answers++;
        return;
      }
      routers.set(key, before + 1);
      distance.answers++;
      distance.largest = Math.max(distance.largest, before + 1);
      const isNews = before === 0 || distance.answers === LEAST_ANSWERS;
      if (distance.answers >= MOST_ANSWERS) halve(distance);
      if (!isNews && distance.answers % LEAST_ANSWERS !== 0) return;
      if (routerPacketsPerSecond !== null) board.hopRates[ttl] = routerPacketsPerSecond / share(ttl);
      if (isNews && !everyHop) countShared(family);
    },
  };
}

/** Routers that have not answered for long are forgotten. */
function halve(distance: Distance): void {
  distance.answers = 0;
  distance.largest = 0;
  for (const [key, count] of distance.routers) {
    const half = count >>> 1;
    if (half === 0) distance.routers.delete(key);
    else distance.routers.set(key, half);
    distance.answers += half;
    distance.largest = Math.max(distance.largest, half);
  }
}

/** An address as a number; those of IPv6 may share one, which costs a router some of its rate at the most. */
function numberOf(address: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < 16; i++) hash = (Math.imul(hash, 0x01000193) ^ (address[i] as number)) >>> 0;
  return hash;
}
