import { addressBytes, addressOfBytes } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import type * as wire from "../../shared/generated/parallax/agent/v1/session.js";
import type { FromAgent, HeardSyn, ListenOrder, ReferenceAnswer } from "../../shared/selftest/exchange.js";
import {
  LISTEN_MS,
  MOST_EXCHANGE_ADDRESSES,
  MOST_EXCHANGE_PORTS,
  MOST_SYN_BYTES,
  type SelfTest,
} from "../../shared/selftest/self-test.js";
import { index, key, port, text, within } from "./messages.js";

export function encodeSelfTest(report: SelfTest): wire.SelfTest {
  const { clock, exit, fidelity } = report;
  return {
    testedMs: BigInt(Math.round(report.testedMs)),
    problem: report.problem,
    driver: report.driver,
    driverReason: report.driverReason,
    ...(clock === null
      ? {}
      : { clock: { offsetUs: BigInt(clock.offsetUs), roundTripUs: BigInt(Math.max(0, clock.roundTripUs)) } }),
    exitTarget: exit === null ? EMPTY : Buffer.from(addressBytes(exit.target)),
    exitHops: exit === null ? [] : exit.hops.map((hop) => (hop === null ? EMPTY : Buffer.from(addressBytes(hop)))),
    spoolFreeBytes: BigInt(report.spoolFreeBytes),
    spoolMaxBytes: BigInt(report.spoolMaxBytes),
    fidelity: {
      ...fidelity,
      changes: [...fidelity.changes],
      syns: fidelity.syns.map(({ sent, received }) => ({
        sent: Buffer.from(sent),
        received: received === null ? EMPTY : Buffer.from(received),
      })),
    },
  };
}

/** The message of an agent that has to do with an exchange of SYNs. */
export function encodeFromAgent(message: FromAgent): NonNullable<wire.SessionRequest["body"]> {
  switch (message.kind) {
    case "wish": {
      const { exchange, reference, secret, ports, sources } = message.wish;
      return {
        $case: "referenceWish",
        value: {
          exchange: BigInt(exchange),
          reference,
          secret: Buffer.from(secret),
          ports: [...ports],
          sources: sources.map((address) => Buffer.from(addressBytes(address))),
        },
      };
    }
    case "listening":
      return { $case: "listening", value: { exchange: message.exchange, problem: message.problem } };
    case "heard":
      return { $case: "heard", value: { exchange: message.exchange, packet: Buffer.from(message.packet) } };
  }
}

/** Throws DecodeError. */
export function decodeListen(message: wire.Listen): ListenOrder {
  return {
    exchange: text(message.exchange, "exchange"),
    secret: key(message.secret, "secret"),
    ports: few(message.ports, MOST_EXCHANGE_PORTS, "ports").map(port),
    sources: few(message.sources, MOST_EXCHANGE_ADDRESSES, "source addresses").map(addressOfBytes),
    forMs: within(message.forMs, 1, LISTEN_MS, "time to listen"),
  };
}

/** Throws DecodeError. */
export function decodeReference(message: wire.Reference): ReferenceAnswer {
  return {
    exchange: index(message.exchange),
    problem: message.problem.slice(0, 1_000),
    addresses: few(message.addresses, MOST_EXCHANGE_ADDRESSES, "addresses").map(addressOfBytes),
  };
}

/** Throws DecodeError. */
export function decodeHeard({ exchange, packet }: wire.Heard): HeardSyn {
  within(packet.length, 1, MOST_SYN_BYTES, "length of a SYN");
  return { exchange, packet: Uint8Array.from(packet) };
}

const EMPTY = Buffer.alloc(0);

function few<T>(values: readonly T[], most: number, what: string): readonly T[] {
  if (values.length > most) throw new DecodeError(`${values.length} ${what}, at most ${most} are taken`);
  return values;
}
