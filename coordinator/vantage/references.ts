import { parseAddress } from "../../shared/address/address.js";
import type { FromAgent, ReferenceWish } from "../../shared/selftest/exchange.js";
import { LISTEN_MS, MOST_SYNS } from "../../shared/selftest/self-test.js";
import type { Clock } from "../lease/clock.js";
import type { ConnectedAgent } from "../session/connected.js";
import type { Fleet } from "../session/fleet.js";

/** One agent's SYNs to another, while they are under way. */
interface Exchange {
  readonly wish: ReferenceWish;
  readonly tester: ConnectedAgent;
  readonly reference: ConnectedAgent;
  /** Monotonic milliseconds. */
  readonly endsAtMs: number;
  heard: number;
}

/** From the listener's answer on, with the way of the messages. */
const LASTS_MS = LISTEN_MS + 5_000;
/** Between two exchanges of one agent: whatever it asks for, its reference hears so few of its SYNs. */
const LEAST_BETWEEN_MS = 5_000;

/**
 * Brings agents and their references together: tells the reference which SYNs to listen for, the other that it does and
 * where, and takes each SYN that was heard back to who sent it. It reads none of them and keeps nothing of them.
 */
export function relayReferences({ fleet, clock }: { readonly fleet: Fleet; readonly clock: Clock }): void {
  /** By the name of the exchange: an agent has one at a time. */
  const open = new Map<string, Exchange>();
  const lastByTester = new Map<string, { readonly name: string; readonly atMs: number }>();

  /** Why an agent's wish is not granted, in words; null: it is. */
  function refusalOf(agent: string, wish: ReferenceWish, reference: ConnectedAgent | undefined): string | null {
    const last = lastByTester.get(agent);
    if (last !== undefined && clock.monotonicMs() - last.atMs < LEAST_BETWEEN_MS) return "asked for again too soon";
    if (wish.reference === agent) return "an agent is no reference for itself";
    if (reference === undefined) return `agent ${wish.reference} is not connected`;
    return reference.identity.referenceAddresses.length > 0
      ? null
      : `agent ${wish.reference} listens for nobody (its driver, its release or its file)`;
  }

  function begin(tester: ConnectedAgent, wish: ReferenceWish): void {
    const { agent, instance } = tester.identity;
    const nowMs = clock.monotonicMs();
    const reference = fleet.find(wish.reference);
    const problem = refusalOf(agent, wish, reference);
    if (problem !== null || reference === undefined) {
      const answer = { exchange: wish.exchange, problem: problem ?? "", addresses: [] };
      tester.sendExchange({ kind: "reference", answer });
      return;
    }
    open.delete(lastByTester.get(agent)?.name ?? "");
    for (const [name, { endsAtMs }] of open) if (endsAtMs < nowMs) open.delete(name);
    const name = `${agent}/${instance}/${wish.exchange}`;
    lastByTester.set(agent, { name, atMs: nowMs });
    open.set(name, { wish, tester, reference, endsAtMs: nowMs + LASTS_MS, heard: 0 });
    const { secret, ports, sources } = wish;
    reference.sendExchange({ kind: "listen", order: { exchange: name, secret, ports, sources, forMs: LISTEN_MS } });
  }

  /** Of another agent than the one that was asked, or of an exchange that is over, nothing is taken. */
  function underWay(from: ConnectedAgent, name: string): Exchange | null {
    const found = open.get(name);
    return found?.reference === from && clock.monotonicMs() <= found.endsAtMs ? found : null;
  }

  function take(from: ConnectedAgent, message: FromAgent): void {
    if (message.kind === "wish") {
      begin(from, message.wish);
      return;
    }
    const exchange = underWay(from, message.exchange);
    if (exchange === null) return;
    const { wish, tester, reference } = exchange;
    if (message.kind === "listening") {
      const problem = message.problem === "" ? "" : `agent ${wish.reference}: ${message.problem}`;
      const addresses = reference.identity.referenceAddresses.map(parseAddress);
      tester.sendExchange({ kind: "reference", answer: { exchange: wish.exchange, problem, addresses } });
    } else if (exchange.heard < MOST_SYNS) {
      exchange.heard++;
      tester.sendExchange({ kind: "heard", exchange: String(wish.exchange), packet: message.packet });
    }
  }

  fleet.listen({
    joined: () => undefined,
    heartbeat: () => undefined,
    refused: () => undefined,
    exchange: take,
    left(agent) {
      for (const [name, { tester, reference }] of open) {
        if (tester === agent || reference === agent) open.delete(name);
      }
    },
  });
}
