import { addressBytes, addressOfBytes } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import type * as wire from "../../shared/generated/parallax/agent/v1/session.js";
import type { FromAgent } from "../../shared/selftest/exchange.js";
import {
  FIDELITY_STATES,
  type Fidelity,
  MOST_EXCHANGE_ADDRESSES,
  MOST_EXCHANGE_PORTS,
  MOST_SYN_BYTES,
  MOST_SYNS,
  type SelfTest,
  unknownFidelity,
} from "../../shared/selftest/self-test.js";
import type { ToExchange } from "./agent.js";

const LONGEST_TEXT = 1_000;
/** TTLs have 6 bits in a trace's probes. */
const MOST_HOPS = 63;
const MOST_CHANGES = 100;
const SECRET_BYTES = 16;

/** Throws DecodeError. */
export function selfTestFrom(message: wire.SelfTest): SelfTest {
  const { clock, exitTarget, exitHops, fidelity } = message;
  few(exitHops, MOST_HOPS, "exit hops");
  return {
    testedMs: Number(message.testedMs),
    problem: short(message.problem),
    driver: short(message.driver),
    driverReason: short(message.driverReason),
    clock: clock === undefined ? null : { offsetUs: Number(clock.offsetUs), roundTripUs: Number(clock.roundTripUs) },
    exit:
      exitTarget.length === 0
        ? null
        : {
            target: addressOfBytes(exitTarget),
            hops: exitHops.map((hop) => (hop.length === 0 ? null : addressOfBytes(hop))),
          },
    spoolFreeBytes: Number(message.spoolFreeBytes),
    spoolMaxBytes: Number(message.spoolMaxBytes),
    fidelity: fidelity === undefined ? unknownFidelity("", "") : fidelityFrom(fidelity),
  };
}

function fidelityFrom(message: wire.Fidelity): Fidelity {
  const state = FIDELITY_STATES.find((known) => known === message.state);
  if (state === undefined) throw new DecodeError(`there is no fidelity ${JSON.stringify(short(message.state))}`);
  return {
    state,
    reference: short(message.reference),
    changes: few(message.changes, MOST_CHANGES, "changes").map(short),
    reason: short(message.reason),
    syns: few(message.syns, MOST_SYNS, "SYNs").map(({ sent, received }) => ({
      sent: synBytes(sent),
      received: received.length === 0 ? null : synBytes(received),
    })),
  };
}

/** Throws DecodeError. */
export function exchangeFrom(
  body: Extract<wire.SessionRequest["body"], { $case: "referenceWish" | "listening" | "heard" }>,
): FromAgent {
  switch (body.$case) {
    case "referenceWish": {
      const { exchange, reference, secret, ports, sources } = body.value;
      if (secret.length !== SECRET_BYTES) throw new DecodeError(`a secret of ${secret.length} bytes`);
      const wish = {
        exchange: Number(exchange),
        reference: short(reference),
        secret: Uint8Array.from(secret),
        ports: few(ports, MOST_EXCHANGE_PORTS, "ports"),
        sources: few(sources, MOST_EXCHANGE_ADDRESSES, "source addresses").map(addressOfBytes),
      };
      return { kind: "wish", wish };
    }
    case "listening":
      return { kind: "listening", exchange: body.value.exchange, problem: short(body.value.problem) };
    case "heard":
      return { kind: "heard", exchange: body.value.exchange, packet: synBytes(body.value.packet) };
  }
}

export function exchangeMessage(message: ToExchange): NonNullable<wire.SessionResponse["body"]> {
  switch (message.kind) {
    case "listen": {
      const { exchange, secret, ports, sources, forMs } = message.order;
      return {
        $case: "listen",
        value: { exchange, secret: Buffer.from(secret), ports: [...ports], sources: sources.map(bytesOf), forMs },
      };
    }
    case "reference": {
      const { exchange, problem, addresses } = message.answer;
      return {
        $case: "reference",
        value: { exchange: BigInt(exchange), problem, addresses: addresses.map(bytesOf) },
      };
    }
    case "heard":
      return { $case: "heard", value: { exchange: message.exchange, packet: Buffer.from(message.packet) } };
  }
}

const bytesOf = (address: Uint8Array): Buffer => Buffer.from(addressBytes(address));

function short(text: string): string {
  return text.slice(0, LONGEST_TEXT);
}

function synBytes(packet: Uint8Array): Uint8Array {
  if (packet.length === 0 || packet.length > MOST_SYN_BYTES) throw new DecodeError(`a SYN of ${packet.length} bytes`);
  return Uint8Array.from(packet);
}

function few<T>(values: readonly T[], most: number, what: string): readonly T[] {
  if (values.length > most) throw new DecodeError(`${values.length} ${what}, at most ${most} are taken`);
  return values;
}
