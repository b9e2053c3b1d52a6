import { parseAddress } from "../../shared/address/address.js";
import { encodeMptcp, type WellFormedMptcp } from "../../shared/option/mptcp-encode.js";
import { encodeTcpOptions } from "../../shared/option/tcp-options.js";
import { encodeIcmpErrorPacket, encodeTcpPacket, type IpToEncode } from "../../shared/packet/encode.js";
import { TCP_ACK, TCP_PSH, TCP_RST, TCP_SYN } from "../../shared/packet/tcp.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../shared/probe/build.js";
import { STAGES, VARIANTS } from "../../shared/probe/variant.js";
import { reset, synAck } from "../agent/wire/answers.js";

const HOSTS = [parseAddress("198.18.0.1"), parseAddress("2001:2::1")] as const;
const ROUTERS = [parseAddress("192.0.2.1"), parseAddress("2001:db8::1")] as const;
const OWN = [parseAddress("192.0.2.10"), parseAddress("2001:db8::10")] as const;
const FAMILIES = [0, 1] as const;
/** Time exceeded and unreachable, of ICMP and of ICMPv6. */
const ERRORS = [
  [11, 3],
  [3, 1],
] as const;

export const SECRET = Uint8Array.from({ length: 16 }, (_, i) => i);

export function bytesOfHex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));
}

/** A SYN of every stage, variant and family, as it leaves. */
export const PROBES: readonly Uint8Array[] = STAGES.flatMap((stage) => {
  const builder = createProbeBuilder({ secret: SECRET, stage, profile: "linux", source4: OWN[0], source6: OWN[1] });
  const into = new Uint8Array(PROBE_MAX_BYTES);
  return HOSTS.flatMap((address) =>
    VARIANTS.map((variant) => into.slice(0, builder.build({ address, port: 80 }, variant, 7, 1_700_000_123_456, into))),
  );
});

/** Every subtype in every form that both versions have. */
export const MPTCP_OPTIONS: readonly Uint8Array[] = mptcpOptions().map(encodeMptcp);

function mptcpOptions(): WellFormedMptcp[] {
  const flags = { checksumRequired: true, extensibility: false, noJoin: false, algorithms: 1 };
  const keys = { senderKey: 0x0c0c_0c0c_0c0c_0c01n, receiverKey: null, dataLength: null, checksum: null };
  const both = { ...keys, receiverKey: 0xf929_1344_8261_bac4n };
  const capable = { kind: "MP_CAPABLE", ...flags } as const;
  const mapping = { dataSequence: 1n, subflowSequence: 1, dataLength: 19 };
  const address = { addressId: 3, truncatedHmac: null } as const;
  return [
    ...([0, 1] as const).flatMap((version) => [
      { ...capable, version, ...keys },
      { ...capable, version, ...both },
    ]),
    { ...capable, version: 1, ...keys, senderKey: null },
    { ...capable, version: 1, ...both, dataLength: 19 },
    { ...capable, version: 1, ...both, dataLength: 19, checksum: 0x934c },
    { kind: "MP_JOIN", form: "SYN", backup: true, addressId: 9, token: 0x394d11f0, nonce: 0x4f3b64b8 },
    { kind: "MP_JOIN", form: "SYN/ACK", backup: false, addressId: 7, truncatedHmac: 7n, nonce: 0x196cd1ae },
    { kind: "MP_JOIN", form: "ACK", hmac: new Uint8Array(20).fill(7) },
    ...([4, 8] as const).flatMap((bytes) => [
      { kind: "DSS" as const, dataFin: true, dataAck: { bytes, value: 5n }, mapping: null },
      { kind: "DSS" as const, dataFin: false, dataAck: null, mapping: { bytes, ...mapping, checksum: 0x1234 } },
      {
        kind: "DSS" as const,
        dataFin: false,
        dataAck: { bytes, value: 5n },
        mapping: { bytes, ...mapping, checksum: null },
      },
    ]),
    ...HOSTS.flatMap((host) => [
      { kind: "ADD_ADDR" as const, version: 0 as const, echo: false, ...address, address: host, port: null },
      { kind: "ADD_ADDR" as const, version: 1 as const, echo: true, ...address, address: host, port: 8080 },
      {
        kind: "ADD_ADDR" as const,
        version: 1 as const,
        echo: false,
        ...address,
        address: host,
        port: 80,
        truncatedHmac: 9n,
      },
    ]),
    { kind: "REMOVE_ADDR", addressIds: [1, 2, 3] },
    { kind: "MP_PRIO", backup: true, addressId: null },
    { kind: "MP_PRIO", backup: true, addressId: 4 },
    { kind: "MP_FAIL", dataSequence: 7n },
    { kind: "MP_FASTCLOSE", receiverKey: 7n },
    { kind: "MP_TCPRST", reserved: 0, transient: true, reason: 6 },
    { kind: "unknown", subtype: 15, data: Uint8Array.of(0xf0, 1, 2) },
  ];
}

const LINUX_OPTIONS = bytesOfHex("020405b40402080a63d23c5c0000000001030307");

const TIMESTAMPS = bytesOfHex("0101080a63d23c5c0a0b0c0d");
/** What timestamps leave of the options. */
const ROOM_BYTES = 28;

/** The options of a SYN, and those of a segment with each MPTCP option, behind its timestamps where both fit. */
export const TCP_OPTIONS: readonly Uint8Array[] = [
  LINUX_OPTIONS,
  bytesOfHex("020405a00101080a63d23c5c0a0b0c0d01030306040200"),
  ...MPTCP_OPTIONS.map((option) => encodeTcpOptions(option.length > ROOM_BYTES ? [option] : [TIMESTAMPS, option])),
];

/** Segments of a host to us. */
export const SEGMENTS: readonly Uint8Array[] = FAMILIES.flatMap((family) => [
  ...TCP_OPTIONS.map((options) => encodeTcpPacket(toUs(family, HOSTS), segment(TCP_ACK | TCP_PSH, padded(options)))),
  encodeTcpPacket(toUs(family, HOSTS), segment(TCP_RST, new Uint8Array(0))),
  encodeTcpPacket(toUs(family, HOSTS), segment(TCP_SYN | TCP_ACK, LINUX_OPTIONS)),
]);

function segment(flags: number, options: Uint8Array) {
  const payload = new TextEncoder().encode("HTTP/1.0 200 OK\r\n");
  return { sourcePort: 80, destinationPort: 61_000, sequence: 1, acknowledgement: 2, flags, options, payload };
}

function padded(options: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(options.length / 4) * 4);
  bytes.set(options);
  return bytes;
}

function toUs(family: 0 | 1, from: readonly [Uint8Array, Uint8Array]): IpToEncode {
  return { source: from[family], destination: OWN[family], ttl: 57 };
}

/** Extension structures (RFC 4884 section 7) with right checksums: an MPLS label stack (RFC 4950) and an interface (RFC 5837). */
export const EXTENSIONS: readonly Uint8Array[] = [
  "2000c819 00080101 05dc1101",
  "20006921 001c020f 00000007 00010000 c0000201 0865746830000000 000005dc",
].map(bytesOfHex);

/** ICMP errors of routers: a whole quote, the shortest one, and with extensions. */
export const ICMP_ERRORS: readonly Uint8Array[] = PROBES.flatMap((probe) => {
  const family = (probe[0] ?? 0) >>> 4 === 4 ? 0 : 1;
  const shortest = probe.slice(0, family === 0 ? 28 : 48);
  return ERRORS.flatMap((types) => {
    const error = { type: types[family], code: 0 };
    const ip = toUs(family, ROUTERS);
    return [
      encodeIcmpErrorPacket(ip, { ...error, quote: probe }),
      encodeIcmpErrorPacket(ip, { ...error, quote: shortest }),
      ...EXTENSIONS.map((extensions) => encodeIcmpErrorPacket(ip, { ...error, quote: probe, extensions })),
    ];
  });
});

/** Answers to our probes by hosts and routers. */
export const REPLIES: readonly Uint8Array[] = [
  ...PROBES.flatMap((probe) => [
    synAck(probe),
    synAck(probe, { options: [...bytesOfHex("1e0c0101f92913448261bac4")] }),
    synAck(probe, { options: [30, 4, 1, 1] }),
    synAck(probe, { options: [253, 4, 0x50, 0x58] }),
    reset(probe),
  ]),
  ...ICMP_ERRORS,
];
