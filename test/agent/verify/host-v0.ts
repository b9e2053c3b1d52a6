import { createHash, createHmac } from "node:crypto";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { decodeTcpOptions } from "../../../shared/option/tcp-options.js";
import { decodePacket, type Packet } from "../../../shared/packet/decode.js";
import { encodeTcpPacket, type TcpToEncode } from "../../../shared/packet/encode.js";

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/**
 * A host of MPTCP version 0 (RFC 6824) as far as a handshake, one request, a second subflow and its removal go. No kernel
 * of today speaks version 0, so this responder stands in for one: it computes token, IDSN and HMAC by itself, from the
 * RFC. `wrongDataAck` makes it acknowledge as a box would that knows no hashes.
 */
export function createHostV0({ wrongDataAck = false } = {}): PacketRule {
  const key = Buffer.from("0123456789abcdef", "hex");
  const peers = new Map<string, Peer>();
  return (bytes, direction, { back }) => {
    const packet = decodePacket(bytes);
    if (packet.kind !== "tcp" || direction === "back") return bytes;
    for (const answer of respond(packet)) back(answer);
    return null;
  };

  function respond(packet: Extract<Packet, { kind: "tcp" }>): Uint8Array[] {
    const { ip, tcp } = packet;
    const id = `${Buffer.from(ip.source).toString("hex")} ${tcp.sourcePort}`;
    const say = (segment: Partial<TcpToEncode> & { flags: number; mptcp?: Buffer }, peer: Peer): Uint8Array => {
      const option = segment.mptcp ?? Buffer.alloc(0);
      return encodeTcpPacket(
        { source: ip.destination, destination: ip.source },
        {
          sourcePort: tcp.destinationPort,
          destinationPort: tcp.sourcePort,
          sequence: (segment.flags & SYN) !== 0 ? ISN : ISN + 1,
          acknowledgement: peer.next,
          window: 1000,
          ...segment,
          options: option,
        },
      );
    };
    if ((tcp.flags & RST) !== 0) {
      peers.delete(id);
      return [];
    }
    const option = decodeTcpOptions(tcp.options).options.find(({ kind }) => kind === 30)?.bytes;
    const mptcp = option === undefined ? Buffer.alloc(0) : Buffer.from(option);
    const subtype = mptcp.length === 0 ? -1 : (mptcp[2] ?? 0) >> 4;

    if ((tcp.flags & SYN) !== 0) {
      const next = (tcp.sequence + 1) >>> 0;
      if (subtype === 0 && mptcp.length === 12 && ((mptcp[2] ?? 0) & 15) === 0) {
        const peer: Peer = { next, keyA: mptcp.subarray(4, 12), nonceA: Buffer.alloc(0), id: 0, isJoin: false };
        peers.set(id, peer);
        return [say({ flags: SYN | ACK, mptcp: Buffer.concat([Buffer.of(30, 12, 0, 0x81), key]) }, peer)];
      }
      const first = [...peers.values()].find((one) => !one.isJoin);
      if (subtype === 1 && first !== undefined && mptcp.subarray(4, 8).equals(sha1(key).subarray(0, 4))) {
        const nonceA = mptcp.subarray(8, 12);
        const peer: Peer = { next, keyA: first.keyA, nonceA, id: mptcp[3] ?? 0, isJoin: true };
        peers.set(id, peer);
        const mac = hmac(Buffer.concat([key, first.keyA]), Buffer.concat([NONCE, nonceA]));
        const answer = Buffer.concat([Buffer.of(30, 16, 0x10, 0), mac.subarray(0, 8), NONCE]);
        return [say({ flags: SYN | ACK, mptcp: answer }, peer)];
      }
      return [say({ flags: RST | ACK, sequence: 0 }, { ...NOBODY, next })];
    }

    const peer = peers.get(id);
    if (peer === undefined) return [];
    if (peer.isJoin && subtype === 1) {
      const right = hmac(Buffer.concat([peer.keyA, key]), Buffer.concat([peer.nonceA, NONCE]));
      return [say({ flags: right.equals(mptcp.subarray(4, 24)) ? ACK : RST | ACK }, peer)];
    }
    if (subtype === 4) {
      const removed = [...peers].find(([, one]) => one.isJoin && one.id === mptcp[3]);
      if (removed === undefined) return [];
      const [otherId, other] = removed;
      const destinationPort = Number(otherId.split(" ")[1]);
      return [say({ flags: FIN | ACK, destinationPort }, other)];
    }
    if (tcp.payload.length > 0) {
      peer.next = (tcp.sequence + tcp.payload.length) >>> 0;
      const idsn = sha1(peer.keyA).readBigUInt64BE(12);
      const dataAck = Buffer.alloc(8);
      dataAck.writeBigUInt64BE(
        BigInt.asUintN(64, idsn + 1n + BigInt(tcp.payload.length) + (wrongDataAck ? 2n ** 40n : 0n)),
      );
      return [say({ flags: ACK, mptcp: Buffer.concat([Buffer.of(30, 12, 0x20, 0x03), dataAck]) }, peer)];
    }
    return [];
  }
}

interface Peer {
  next: number;
  readonly keyA: Buffer;
  readonly nonceA: Buffer;
  readonly id: number;
  readonly isJoin: boolean;
}

const ISN = 1000;
const NONCE = Buffer.from("cafef00d", "hex");
const NOBODY: Peer = { next: 0, keyA: Buffer.alloc(8), nonceA: Buffer.alloc(4), id: 0, isJoin: false };

function sha1(bytes: Buffer): Buffer {
  return createHash("sha1").update(bytes).digest();
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac("sha1", key).update(message).digest();
}
