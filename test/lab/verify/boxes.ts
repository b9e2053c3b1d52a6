/** Boxes of the handshake tests that need more than the behaviours of the lab: each is a rule over whole packets. */
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { decodeTcpOptions } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { encodeTcpPacket, type TcpToEncode } from "../../../shared/packet/encode.js";

export const nothing: PacketRule = (packet) => packet;

type Parts = { readonly options: readonly Uint8Array[]; readonly payload: Uint8Array; readonly flags: number };

/** Rewrites the options or the payload of TCP segments, with right checksums; null drops the segment. */
function rewriting(change: (parts: Parts, direction: "forth" | "back") => Parts | null): PacketRule {
  return (bytes, direction) => {
    const packet = decodePacket(bytes);
    if (packet.kind !== "tcp") return bytes;
    const { ip, tcp } = packet;
    const options = decodeTcpOptions(tcp.options).options.filter(({ kind }) => kind > 1);
    const changed = change(
      { options: options.map((one) => one.bytes), payload: tcp.payload, flags: tcp.flags },
      direction,
    );
    if (changed === null) return null;
    const joined = Buffer.concat(changed.options);
    const padded = Buffer.concat([joined, Buffer.alloc((4 - (joined.length % 4)) % 4, 1)]);
    const segment: TcpToEncode = { ...tcp, options: padded, payload: changed.payload };
    return encodeTcpPacket({ source: ip.source, destination: ip.destination, ttl: ip.ttl }, segment);
  };
}

const isMptcp = (option: Uint8Array): boolean => option[0] === 30;
const isJoin = (option: Uint8Array): boolean => isMptcp(option) && (option[2] ?? 0) >>> 4 === 1;
const isSyn = (flags: number): boolean => (flags & 0x02) !== 0;

/**
 * In front of a TCP server: claims to speak MPTCP with a key of its own, and then sends back whatever MPTCP option the
 * other side sent last. Nothing that reads options alone can tell it from a host.
 */
export function createMirror(): PacketRule {
  let last: Uint8Array[] = [];
  return rewriting(({ options, payload, flags }, direction) => {
    const others = options.filter((one) => !isMptcp(one));
    if (direction === "forth") {
      last = options.filter(isMptcp);
      return { options: others, payload, flags };
    }
    const claim = Uint8Array.of(30, 12, 0x01, 0x01, 9, 8, 7, 6, 5, 4, 3, 2);
    const wanted = isSyn(flags) ? [claim] : last;
    const fits = [...others, ...wanted].reduce((sum, { length }) => sum + length, 0) <= 40;
    return { options: fits ? [...others, ...wanted] : others, payload, flags };
  });
}

/** Changes a letter of what goes to the host. */
export const altersRequest = rewriting((parts, direction) => {
  if (direction === "back" || parts.payload.length === 0) return parts;
  const payload = parts.payload.slice();
  payload[0] = (payload[0] ?? 0) ^ 0x20;
  return { ...parts, payload };
});

/** Changes a letter of what comes back. */
export const altersAnswer = rewriting((parts, direction) => {
  if (direction === "forth" || parts.payload.length === 0) return parts;
  const payload = parts.payload.slice();
  payload[0] = (payload[0] ?? 0) ^ 0x20;
  return { ...parts, payload };
});

export const dropsJoins = rewriting((parts) => (isSyn(parts.flags) && parts.options.some(isJoin) ? null : parts));

export const dropsDataOptions = rewriting((parts, direction) =>
  direction === "forth" || isSyn(parts.flags) || (parts.flags & 0x04) !== 0
    ? parts
    : { ...parts, options: parts.options.filter((one) => !isMptcp(one)) },
);
