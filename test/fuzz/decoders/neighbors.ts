import { arpRequest, macInArpReply } from "../../../agent/wire/arp.js";
import {
  macInAdvertisement,
  NEIGHBOR_ADVERTISEMENT,
  neighborSolicitation,
} from "../../../agent/wire/neighbor-discovery.js";
import { parseAddress } from "../../../shared/address/address.js";
import { fold16, pseudoHeaderSum, sum16 } from "../../../shared/packet/checksum.js";
import { encodeIpPacket } from "../../../shared/packet/encode.js";
import { PROTOCOL_ICMPV6 } from "../../../shared/packet/ip.js";
import { put16 } from "../../../shared/packet/write.js";
import { type FuzzedDecoder, PACKET_BYTES } from "../decoder.js";
import { bytesOfHex } from "../seeds.js";

const ROUTER4 = parseAddress("192.0.2.254");
const ROUTER6 = parseAddress("fe80::fe");
const OWN6 = parseAddress("fe80::9");
const OWN_MAC = bytesOfHex("020000000001");
const ETHERNET_BYTES = 14;
const IPV6_BYTES = 40;

export const NEIGHBOR_DECODERS: readonly FuzzedDecoder[] = [
  {
    name: "arp",
    seeds: [
      bytesOfHex("0200000000010200000000fe0806 0001080006040002 0200000000fec00002fe 020000000001c0000209"),
      arpRequest({ ownMac: OWN_MAC, own: parseAddress("192.0.2.9"), neighbor: ROUTER4 }),
    ],
    maxBytes: PACKET_BYTES,
    refusal: null,
    decode: (frame) => whole(macInArpReply(frame, ROUTER4)),
  },
  {
    name: "neighbor-advertisement",
    seeds: [advertisement(), neighborSolicitation({ ownMac: OWN_MAC, own: OWN6, neighbor: ROUTER6 })],
    maxBytes: PACKET_BYTES,
    refusal: null,
    decode: (frame) => whole(macInAdvertisement(frame, ROUTER6)),
    repair: repairChecksum,
  },
];

function whole(mac: Uint8Array | null): void {
  if (mac !== null && mac.length !== 6) throw new Error(`a MAC address of ${mac.length} bytes`);
}

/** RFC 4861 section 4.4, with an option that is passed over. */
function advertisement(): Uint8Array {
  const message = new Uint8Array(40);
  message.set([NEIGHBOR_ADVERTISEMENT, 0, 0, 0, 0xe0]);
  message.set(ROUTER6, 8);
  message.set(bytesOfHex("0e01000102030405 02010200000000fe"), 24);
  const packet = encodeIpPacket({ source: ROUTER6, destination: OWN6, ttl: 255 }, PROTOCOL_ICMPV6, message, 2);
  return Uint8Array.from([...OWN_MAC, ...bytesOfHex("0200000000fe86dd"), ...packet]);
}

/** Of an ICMPv6 message right behind the IPv6 header. */
function repairChecksum(frame: Uint8Array): void {
  const packet = frame.subarray(ETHERNET_BYTES);
  if (packet.length < IPV6_BYTES + 4) return;
  const payload = packet.length - IPV6_BYTES;
  put16(packet, 4, payload);
  put16(packet, IPV6_BYTES + 2, 0);
  const pseudo = pseudoHeaderSum(packet, PROTOCOL_ICMPV6, payload);
  put16(packet, IPV6_BYTES + 2, fold16(sum16(packet, IPV6_BYTES, packet.length, pseudo)));
}
