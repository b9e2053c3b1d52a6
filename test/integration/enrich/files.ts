import { parsePrefix } from "../../../shared/address/prefix.js";
import { bitsOf, mmdb } from "./mmdb-writer.js";

const bits = (text: string, treeVersion: 4 | 6): string => {
  const { address, length, family } = parsePrefix(text);
  return bitsOf(address, length, family, treeVersion);
};

/** A database of cities, IPv4 and IPv6 in one tree, as they are sold. */
export function cities(): Buffer {
  return mmdb("Test-City", new Date("2026-02-20T12:00:00Z"), 6, [
    [
      bits("198.18.0.0/24", 6),
      {
        city: { names: { en: "Frankfurt" } },
        country: { iso_code: "DE" },
        location: { latitude: 50.1, longitude: 8.7 },
      },
    ],
    [bits("198.51.100.0/30", 6), { country: { iso_code: "SG" } }],
    [bits("2001:db8::/32", 6), { registered_country: { iso_code: "FR" } }],
    [bits("203.0.113.0/24", 6), { continent: { code: "EU" } }],
  ]);
}

/** A database of networks, IPv4 alone. */
export function networks(): Buffer {
  return mmdb("Test-ASN", new Date("2026-02-21T12:00:00Z"), 4, [
    [bits("198.18.0.0/25", 4), { autonomous_system_number: 64_500, autonomous_system_organization: "Example" }],
    [bits("198.18.0.128/25", 4), { autonomous_system_number: 64_501, autonomous_system_organization: "Other" }],
  ]);
}

/** Tabs between the fields, as CAIDA's files have them. */
export const PFX2AS = [
  "198.18.0.0\t24\t64500",
  "198.51.100.0\t24\t64510_64511",
  "192.0.2.0\t24\t64520,64521",
  "2001:db8::\t32\t64530",
  "198.18.0.1\t24\t64500",
  "203.0.113.0\t24\t",
  "",
].join("\n");

export const IPTOASN = [
  "198.18.0.0\t198.18.0.5\t64500\tDE\tEXAMPLE-AS Example",
  "198.18.0.6\t198.18.0.255\t0\tNone\tNot routed",
  "2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64530\tFR\tSIX",
  "198.18.0.9\t198.18.0.1\t64500\tDE\tbackwards",
].join("\n");

const table = (prefix: string, path: string) =>
  `TABLE_DUMP2|1771545600|B|192.0.2.1|64496|${prefix}|${path}|IGP|192.0.2.1|0|0||NAG||`;
export const BGPDUMP = [
  table("0.0.0.0/0", "64496"),
  table("198.18.0.0/24", "64496 64497 64500"),
  table("198.18.0.0/24", "64498 64501"),
  table("198.18.0.0/24", "64499 64501"),
  table("198.51.100.0/24", "64496 {64510,64511}"),
  table("192.0.2.0/24", ""),
  "BGP4MP|1771545600|A|192.0.2.1|64496|203.0.113.0/24|64496 64512|IGP",
].join("\n");

export const PEERINGDB = JSON.stringify({
  net: {
    data: [
      { id: 1, asn: 64_500, name: "Example Net", info_type: "Content" },
      { id: 2, name: "no number" },
    ],
  },
  ix: { data: [{ id: 7, name: "EX-IX", country: "NL" }] },
  ixlan: { data: [{ id: 70, ix_id: 7 }] },
  ixpfx: {
    data: [
      { id: 700, ixlan_id: 70, prefix: "198.51.100.0/24" },
      { id: 701, ixlan_id: 99, prefix: "192.0.2.0/24" },
    ],
  },
  netixlan: { data: [{ id: 71, ix_id: 7, asn: 64_510, ipaddr4: "198.51.100.2", ipaddr6: null }] },
});

export const ASRANK = [
  JSON.stringify({
    asn: "64500",
    asnName: "EXAMPLE",
    rank: 27,
    organization: { orgName: "Example GmbH" },
    country: { iso: "DE" },
    cone: { numberAsns: 1_234 },
  }),
  JSON.stringify({
    asn: "64510",
    asnName: "MEMBER",
    rank: 400,
    organization: null,
    country: { iso: "SG" },
    cone: { numberAsns: 1 },
  }),
  "{",
].join("\n");
