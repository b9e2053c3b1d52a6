import { parseAddress } from "../../../shared/address/address.js";
import { encodeMptcp, type WellFormedMptcp } from "../../../shared/option/mptcp-encode.js";
import { encodeTcpOptions } from "../../../shared/option/tcp-options.js";
import { encodeTcpPacket } from "../../../shared/packet/encode.js";
import { encodePcapHeader, encodePcapRecord } from "../../../shared/pcap/writer.js";

const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** An option and the flags of the segment that it belongs in: tcpdump looks at both. */
type Built = readonly [flags: number, option: WellFormedMptcp];

const SENDER_KEY = 0x0102030405060708n;
const RECEIVER_KEY = 0xf1f2f3f4f5f6f7f8n;
const DSN = 0xfffffffffffffff0n;

const capable = {
  kind: "MP_CAPABLE",
  checksumRequired: false,
  extensibility: false,
  noJoin: false,
  algorithms: 1,
  senderKey: SENDER_KEY,
  receiverKey: null,
  dataLength: null,
  checksum: null,
} as const;

const addAddress = { kind: "ADD_ADDR", echo: false, port: null, truncatedHmac: null } as const;
const four = parseAddress("198.51.100.7");
const six = parseAddress("2001:db8:51::7");
const shortMapping = { bytes: 4, dataSequence: 0xfffffff0n, subflowSequence: 0x80000001, dataLength: 65_535 } as const;

/** Version 0 (RFC 6824), where its options differ from those of version 1. */
export const VERSION_0: readonly Built[] = [
  [SYN, { ...capable, version: 0 }],
  [SYN | ACK, { ...capable, version: 0, checksumRequired: true, senderKey: RECEIVER_KEY }],
  [ACK, { ...capable, version: 0, checksumRequired: true, receiverKey: RECEIVER_KEY }],
  [ACK, { ...addAddress, version: 0, addressId: 7, address: four }],
  [ACK, { ...addAddress, version: 0, addressId: 255, address: four, port: 443 }],
  [ACK, { ...addAddress, version: 0, addressId: 8, address: six }],
  [ACK, { ...addAddress, version: 0, addressId: 9, address: six, port: 8443 }],
  [ACK, { kind: "MP_PRIO", backup: true, addressId: 3 }],
  [ACK, { kind: "MP_PRIO", backup: false, addressId: 4 }],
];

/** Version 1 (RFC 8684), or both: forms that kernels do not send when asked, and values at the edges of their range. */
export const RARE: readonly Built[] = [
  [SYN, { ...capable, version: 1, senderKey: null, noJoin: true }],
  [ACK, { ...capable, version: 1, receiverKey: RECEIVER_KEY, dataLength: 7 }],
  [ACK, { ...capable, version: 1, receiverKey: RECEIVER_KEY, dataLength: 7, checksum: 0x00ab, checksumRequired: true }],
  [ACK, { kind: "DSS", dataFin: false, dataAck: { bytes: 4, value: 0xfffffff0n }, mapping: null }],
  [ACK, { kind: "DSS", dataFin: true, dataAck: null, mapping: { ...shortMapping, checksum: null } }],
  [
    ACK,
    { kind: "DSS", dataFin: false, dataAck: { bytes: 8, value: DSN }, mapping: { ...shortMapping, checksum: 0x0102 } },
  ],
  [ACK, { kind: "DSS", dataFin: false, dataAck: null, mapping: null }],
  [ACK, { ...addAddress, version: 1, addressId: 9, address: six, port: 8443, truncatedHmac: DSN }],
  [ACK, { kind: "REMOVE_ADDR", addressIds: [1, 2, 255] }],
  [ACK, { kind: "MP_PRIO", backup: false, addressId: null }],
  [ACK, { kind: "MP_FAIL", dataSequence: DSN }],
  [RST | ACK, { kind: "MP_FASTCLOSE", receiverKey: RECEIVER_KEY }],
  [RST | ACK, { kind: "MP_TCPRST", reserved: 0, transient: true, reason: 3 }],
];

/** A capture of one segment for each option, of either family in turn. */
export function encodeCapture(built: readonly Built[]): Uint8Array {
  const records = built.map(([flags, option], i) => {
    const [source, destination] = (i % 2 === 0 ? ["192.0.2.1", "192.0.2.2"] : ["2001:db8::1", "2001:db8::2"]).map(
      parseAddress,
    ) as [Uint8Array, Uint8Array];
    const options = encodeTcpOptions([encodeMptcp(option)]);
    const tcp = { sourcePort: 40_000 + i, destinationPort: 80, sequence: 1, acknowledgement: 1, flags, options };
    return encodePcapRecord(i, encodeTcpPacket({ source, destination }, tcp));
  });
  return Buffer.concat([encodePcapHeader(), ...records]);
}
