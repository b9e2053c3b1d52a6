import { formatAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import { createSynMatcher, type FromAgent, type ListenOrder } from "../../shared/selftest/exchange.js";
import { MOST_SYN_BYTES, MOST_SYNS } from "../../shared/selftest/self-test.js";
import type { ProbeNetwork } from "../lease/probing.js";

/** This agent's half of exchanges in which it is the reference. It sends no packet for any of them. */
export interface SynListener {
  listen(order: ListenOrder): void;
  /** Ends all. */
  close(): void;
}

export interface SynListenerOptions {
  readonly network: Pick<ProbeNetwork, "listen">;
  /** Addresses at which others reach this agent; none: it is nobody's reference. */
  readonly addresses: () => readonly Uint8Array[];
  readonly say: (message: FromAgent) => void;
}

/** Exchanges at the same time: each has a socket of its own. */
const MOST_EXCHANGES = 4;

export function createSynListener({ network, addresses, say }: SynListenerOptions): SynListener {
  const open = new Map<string, () => void>();

  /** Hears the agreed SYNs and nothing else, each once. */
  function begin({ exchange, forMs, ...agreed }: ListenOrder): void {
    if (network.listen === null || addresses().length === 0) throw refused("it is nobody's reference");
    if (open.size >= MOST_EXCHANGES) throw refused("it listens for others now");
    const match = createSynMatcher(agreed, addresses());
    const told = new Set<string>();
    const stop = network.listen(agreed.ports, (packet) => {
      const syn = match(packet);
      if (syn === null || packet.length > MOST_SYN_BYTES || told.size >= MOST_SYNS) return;
      const key = `${syn.variant} ${formatAddress(syn.address)} ${syn.port}`;
      if (told.has(key)) return;
      told.add(key);
      say({ kind: "heard", exchange, packet: packet.slice() });
    });
    const timer = setTimeout(end, forMs);
    open.set(exchange, end);
    function end(): void {
      clearTimeout(timer);
      open.delete(exchange);
      stop();
    }
  }

  return {
    listen(order) {
      try {
        open.get(order.exchange)?.();
        begin(order);
        say({ kind: "listening", exchange: order.exchange, problem: "" });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        say({ kind: "listening", exchange: order.exchange, problem: error.message });
      }
    },
    close() {
      for (const end of [...open.values()]) end();
    },
  };
}

function refused(why: string): UserError {
  return new UserError(why, { remedy: "choose another reference" });
}
