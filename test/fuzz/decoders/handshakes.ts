import { createConnection } from "../../../agent/verify/connection.js";
import { createSegmentLog, mptcpOptionsOf, resetReason } from "../../../agent/verify/evidence.js";
import { createFlow } from "../../../agent/verify/flow.js";
import type { Arrival, HostLink } from "../../../agent/verify/host-link.js";
import { parseAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { decodeTcp } from "../../../shared/packet/tcp.js";
import { type FuzzedDecoder, PACKET_BYTES } from "../decoder.js";
import { bytesOfHex, SEGMENTS } from "../seeds.js";

/** A host's SYN/ACK, whose sequence number its other segments follow. */
const synAck = decodeTcp(bytesOfHex("0050ee480000000000000002 5012ffff 00000000"));

export const HANDSHAKE_DECODERS: readonly FuzzedDecoder[] = [
  {
    name: "reset-evidence",
    seeds: SEGMENTS,
    maxBytes: PACKET_BYTES,
    refusal: DecodeError,
    decode(bytes) {
      const packet = decodePacket(bytes);
      if (packet.kind !== "tcp") return;
      createSegmentLog().add("first", packet.tcp);
      mptcpOptionsOf(packet.tcp);
      return resetReason(packet.tcp);
    },
  },
  { name: "dss-evidence", seeds: SEGMENTS, maxBytes: PACKET_BYTES, refusal: DecodeError, decode: listenToOne },
];

/** A connection of version 1 with checksums that hears one segment. */
function listenToOne(bytes: Uint8Array): Promise<void> | undefined {
  const packet = decodePacket(bytes);
  if (packet.kind === "other") return undefined;
  const flow = createFlow({
    link: linkWith({ packet, bytes, capturedUs: 0 }),
    source: parseAddress("192.0.2.10"),
    target: packet.ip.source,
    port: 80,
    sourcePort: 61_000,
    sequence: 1,
    synUrgency: "soon",
  });
  flow.take(synAck);
  const keys = { ownKey: 1n, otherKey: 2n };
  const connection = createConnection({ flow, version: 1, ...keys, hasChecksums: true, log: createSegmentLog() });
  return connection.listen(
    () => false,
    1,
    () => 0,
  );
}

/** A link on which one thing arrives. */
function linkWith(arrival: Arrival): HostLink {
  const arrivals = [arrival];
  return {
    send: () => Promise.resolve(0),
    open: () => ({ next: () => Promise.resolve(arrivals.shift() ?? null), close: () => undefined }),
    isOver: false,
    unixMs: () => 0,
    monotonicMs: () => 0,
  };
}
