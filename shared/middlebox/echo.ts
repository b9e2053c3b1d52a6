import { OPTION_END, OPTION_MPTCP } from "../option/tcp-options.js";
import type { BehaviourOf } from "./behaviour.js";
import { createFlows } from "./flows.js";
import { isUnknownOption } from "./match.js";
import { MAX_OPTION_BYTES, withOptions } from "./rewrite.js";
import type { PacketRule } from "./rule.js";
import { flowOf, segmentKind, segmentOf } from "./segment.js";

/** Sends options of the SYN back in the SYN/ACK, as they came or altered. */
export function createEcho({ options: which, lengths, alter }: BehaviourOf<"echo">): PacketRule {
  const flows = createFlows<Uint8Array>();
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    if (segment === null) return packet;
    const { ip, tcp, options } = segment;
    const kind = segmentKind(tcp);
    // The sequence number tells the connections of one port pair apart; it is the same for both ends of the exchange.
    const sequence = kind === "syn" ? tcp.sequence : (tcp.acknowledgement - 1) >>> 0;
    const flow = `${flowOf(segment)} ${sequence}`;
    if (kind === "syn" && direction === "forth") {
      const echoed = options
        .filter((option) => (which === "mptcp" ? option.kind === OPTION_MPTCP : isUnknownOption(option.kind)))
        .filter(({ bytes }) => lengths?.includes(bytes.length) ?? true)
        .map(({ kind: option, bytes }) => (option === OPTION_MPTCP ? altered(bytes, alter) : bytes));
      if (echoed.length > 0) flows.set(flow, Buffer.concat(echoed));
      else flows.delete(flow);
      return packet;
    }
    if (kind !== "syn-ack" || direction !== "back") return packet;
    const echoed = flows.get(flow);
    if (echoed === undefined) return packet;
    const kept = options.filter((option) => option.kind !== OPTION_END).map(({ bytes }) => bytes);
    const answer = Buffer.concat([...kept, echoed]);
    return answer.length > MAX_OPTION_BYTES ? packet : withOptions(packet, ip, answer);
  };
}

const KEY_AT = 4;
const FLAGS_AT = 3;
/** MP_CAPABLE without a key (RFC 8684 section 3.1). */
const SHORT_BYTES = 4;

function altered(option: Uint8Array, alter: BehaviourOf<"echo">["alter"]): Uint8Array {
  const out = option.slice(0, alter === "shortened" ? SHORT_BYTES : option.length);
  out[1] = out.length;
  if (alter === "key") for (let i = KEY_AT; i < out.length; i++) out[i] = (out[i] ?? 0) ^ 0xff;
  if (alter === "flags") out[FLAGS_AT] = (out[FLAGS_AT] ?? 0) ^ 0x80;
  return out;
}
