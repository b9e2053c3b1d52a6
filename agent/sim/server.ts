import { resetTo, synAckTo, timestampsOption } from "../../shared/middlebox/reply.js";
import { FULL_QUOTE, icmpError, unreachable } from "../../shared/middlebox/router.js";
import { decodeMptcp, type MptcpOption } from "../../shared/option/mptcp.js";
import { encodeMptcp } from "../../shared/option/mptcp-encode.js";
import {
  decodeTcpOptions,
  encodeTcpOptions,
  OPTION_MPTCP,
  OPTION_MSS,
  OPTION_SACK_PERMITTED,
  OPTION_WINDOW_SCALE,
  timestampsOf,
} from "../../shared/option/tcp-options.js";
import { decodePacket, type Packet } from "../../shared/packet/decode.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../shared/packet/tcp.js";
import { acknowledgeFirstData, type Opening } from "./first-data.js";
import type { SimHash } from "./hash.js";
import type { ServerKind, SimHost } from "./path.js";

type TcpPacket = Extract<Packet, { kind: "tcp" }>;

/** What of a host's answers is its operating system's. */
export interface Personality {
  readonly ttl: number;
  readonly window: number;
}

export const LINUX: Personality = { ttl: 64, window: 65_160 };

export interface HostOptions {
  readonly serverOn: (address: Uint8Array, port: number) => ServerKind;
  readonly hash: SimHash;
  readonly personality: Personality;
  readonly delayUs: number;
  /** Where its ICMP errors come from; by default the address that was asked. */
  readonly refuser?: Uint8Array;
}

/**
 * A host without memory: its answers come from the packet and the hash, so that any number of hosts costs nothing. A
 * SYN/ACK has the options that the SYN offered, in the order of Linux. Of a connection it takes the first data and no
 * second subflow.
 */
export function createHost({ serverOn, hash, personality, delayUs, refuser }: HostOptions): SimHost {
  const refuserOf = (address: Uint8Array): Uint8Array => refuser ?? address;
  return {
    delayUs,
    serverOn,
    refuserOf,
    answer(packet) {
      const decoded = decodePacket(packet);
      if (decoded.kind !== "tcp" || (decoded.tcp.flags & TCP_RST) !== 0) return [];
      const server = serverOn(decoded.ip.destination, decoded.tcp.destinationPort);
      if (server === "silent") return [];
      if (server === "unreachable") {
        const { family, destination } = decoded.ip;
        return [icmpError(packet, refuserOf(destination), unreachable(family, refuser !== undefined), FULL_QUOTE)];
      }
      const isSyn = (decoded.tcp.flags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
      if (server === "closed") return [resetTo(decoded, personality.ttl)];
      const mptcp = mptcpOf(decoded);
      if (!isSyn) return afterSyn(decoded, server, mptcp, hash, personality);
      // A subflow of a connection that is not there (RFC 8684 sections 3.2 and 3.6): an MPTCP-specific error.
      // Version 0 has none, and resets plainly (RFC 6824 section 3.2).
      if (mptcp?.kind === "MP_JOIN" && versionOf(server) !== null) {
        const option = encodeMptcp({ kind: "MP_TCPRST", reserved: 0, transient: false, reason: 1 });
        return [resetTo(decoded, personality.ttl, server === "mptcp" ? option : undefined)];
      }
      return [synAck(decoded, acceptedVersion(server, mptcp), hash, personality)];
    },
  };
}

/** What follows the SYN/ACK: the first data, or an acknowledgement on the level of MPTCP, which asks for no answer. */
function afterSyn(
  asked: TcpPacket,
  server: ServerKind,
  mptcp: MptcpOption | null,
  hash: SimHash,
  { ttl, window }: Personality,
): readonly Uint8Array[] {
  const { ip, tcp } = asked;
  const opening = openingOf(hash, ip.destination, (tcp.sequence - 1) >>> 0);
  if (tcp.payload.length > 0 && tcp.acknowledgement === (opening.sequence + 1) >>> 0) {
    return [acknowledgeFirstData({ asked, opening, version: versionOf(server), mptcp, ttl, window })];
  }
  const isAcknowledgement = tcp.payload.length === 0 && mptcp !== null && versionOf(server) !== null;
  return isAcknowledgement ? [] : [resetTo(asked, ttl)];
}

function mptcpOf({ tcp }: TcpPacket): MptcpOption | null {
  const option = decodeTcpOptions(tcp.options).options.find(({ kind }) => kind === OPTION_MPTCP);
  return option === undefined ? null : decodeMptcp(option.bytes);
}

/** Null: the server falls back to TCP, as it must with flag B set (RFC 8684 section 3.1). */
function acceptedVersion(server: ServerKind, mptcp: MptcpOption | null): 0 | 1 | null {
  if (mptcp?.kind !== "MP_CAPABLE" || mptcp.extensibility) return null;
  const own = versionOf(server);
  return mptcp.version === own ? own : null;
}

function versionOf(server: ServerKind): 0 | 1 | null {
  return server === "mptcp" ? 1 : server === "mptcp-v0" ? 0 : null;
}

/** What the answer to a SYN with this sequence number is made of. */
function openingOf(hash: SimHash, address: Uint8Array, synSequence: number): Opening {
  const [sequence = 0, timestamp = 0, keyHigh = 0, keyLow = 0] = hash.of("connection", address, synSequence);
  return { sequence, timestamp, key: (BigInt(keyHigh) << 32n) | BigInt(keyLow) };
}

function synAck(asked: TcpPacket, version: 0 | 1 | null, hash: SimHash, { ttl, window }: Personality): Uint8Array {
  const { ip, tcp } = asked;
  const { sequence, timestamp, key } = openingOf(hash, ip.destination, tcp.sequence);
  const { options: offered } = decodeTcpOptions(tcp.options);
  const has = (wanted: number): boolean => offered.some(({ kind }) => kind === wanted);
  const mss = ip.family === 4 ? 1460 : 1440;
  const echo = timestampsOf(tcp.options);
  const options: Uint8Array[] = [];
  if (has(OPTION_MSS)) options.push(Uint8Array.of(OPTION_MSS, 4, mss >>> 8, mss & 0xff));
  if (has(OPTION_SACK_PERMITTED)) options.push(Uint8Array.of(OPTION_SACK_PERMITTED, 2));
  if (echo !== null) options.push(timestampsOption(timestamp, echo.value));
  if (has(OPTION_WINDOW_SCALE)) options.push(Uint8Array.of(1, OPTION_WINDOW_SCALE, 3, 7));
  if (version !== null) options.push(capable(version, key));
  return synAckTo(asked, { ttl, window, sequence, options: encodeTcpOptions(options) });
}

/** MP_CAPABLE of a SYN/ACK: with a key, HMAC as each version has it, no checksums. */
function capable(version: 0 | 1, senderKey: bigint): Uint8Array {
  return encodeMptcp({
    kind: "MP_CAPABLE",
    version,
    checksumRequired: false,
    extensibility: false,
    noJoin: false,
    algorithms: 1,
    senderKey,
    receiverKey: null,
    dataLength: null,
    checksum: null,
  });
}
