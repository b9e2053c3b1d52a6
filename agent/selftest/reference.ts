import { addressFamily, formatAddress, sameAddress } from "../../shared/address/address.js";
import { VARIANTS } from "../../shared/probe/variant.js";
import type { FromAgent, HeardSyn, ReferenceAnswer } from "../../shared/selftest/exchange.js";
import { fidelityOf } from "../../shared/selftest/fidelity.js";
import { type Fidelity, MOST_SYNS, unknownFidelity } from "../../shared/selftest/self-test.js";
import type { Permission } from "../lease/permission.js";
import type { ProbeNetwork } from "../lease/probing.js";
import type { Clock } from "../wire/clock.js";
import { sendTestProbes, type TestProbing } from "./probe.js";

/** Who hears this agent's SYNs. `addresses` null: those that the agent of that name says are its own. */
export interface ReferenceChoice {
  readonly agent: string;
  readonly addresses: readonly Uint8Array[] | null;
}

/** This agent's half of exchanges in which it sends. */
export interface ReferenceTester {
  /** Never rejects for what others do or do not do: then the fidelity is unknown. */
  measure(reference: ReferenceChoice, signal: AbortSignal): Promise<Fidelity>;
  answered(answer: ReferenceAnswer): void;
  heard(syn: HeardSyn): void;
}

export interface ReferenceTesterOptions extends Omit<TestProbing, "network"> {
  readonly network: Pick<ProbeNetwork, "startProbing" | "sources">;
  readonly permission: Pick<Permission, "targets">;
  /** Ports to send to, of those that the agent's own file allows. */
  readonly ports: readonly number[];
  readonly say: (message: FromAgent) => void;
  readonly clock: Pick<Clock, "sleep" | "unixMs" | "monotonicMs">;
}

const ANSWER_WITHIN_MS = 5_000;
const LOOK_MS = 20;
const RETRIES = 2;
const REPLY_WINDOW_MS = 800;
/** For what the reference heard last to come back over two sessions. */
const LAST_WORD_MS = 500;

export function createReferenceTester(options: ReferenceTesterOptions): ReferenceTester {
  const { network, clock, ports, secret } = options;
  let lastExchange = 0;
  let answer: ReferenceAnswer | null = null;
  let heard: Uint8Array[] = [];

  /** The addresses to send to, or why there are none. */
  function addressesIn({ addresses }: ReferenceAnswer, { agent, addresses: named }: ReferenceChoice) {
    const wanted =
      named === null ? addresses : addresses.filter((one) => named.some((other) => sameAddress(one, other)));
    if (wanted.length === 0) {
      return `${agent} is at ${addresses.map(formatAddress).join(", ")}, not where this agent's file says`;
    }
    const usable = wanted.filter((one) => network.sources.some((own) => addressFamily(own) === addressFamily(one)));
    if (usable.length === 0) return `${agent} has no address of a family that this agent can send`;
    const forbidden = options.permission.targets(usable.map((address) => ({ address, port: ports[0] ?? 0 })));
    return forbidden ?? usable;
  }

  return {
    answered(given) {
      if (given.exchange === lastExchange) answer = given;
    },
    heard({ exchange, packet }) {
      if (exchange === String(lastExchange) && heard.length < MOST_SYNS) heard.push(packet);
    },
    async measure(reference, signal) {
      const { agent } = reference;
      lastExchange++;
      answer = null;
      heard = [];
      const exchange = { secret, ports, sources: network.sources };
      options.say({ kind: "wish", wish: { ...exchange, exchange: lastExchange, reference: agent } });
      for (const until = clock.monotonicMs() + ANSWER_WITHIN_MS; answer === null; await clock.sleep(LOOK_MS)) {
        if (signal.aborted || clock.monotonicMs() > until) {
          return unknownFidelity(agent, "the coordinator does not say whether the reference listens");
        }
      }
      const given: ReferenceAnswer = answer;
      if (given.problem !== "") return unknownFidelity(agent, given.problem);
      const addresses = addressesIn(given, reference);
      if (typeof addresses === "string") return unknownFidelity(agent, addresses);
      const fromMs = clock.unixMs();
      const targets = addresses.flatMap((address) => ports.map((port) => ({ address, port })));
      await sendTestProbes(
        {
          ...{ stage: "synscan", targets, variants: VARIANTS, retries: RETRIES },
          ...{ replyWindowMs: REPLY_WINDOW_MS, maxTtl: 0 },
        },
        options,
        signal,
      );
      await clock.sleep(LAST_WORD_MS);
      return fidelityOf({ reference: agent, exchange, addresses, heard, fromMs, toMs: clock.unixMs() });
    },
  };
}
