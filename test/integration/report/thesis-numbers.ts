/**
 * Figures of a thesis on Multipath TCP in the Internet (Technical University of Munich, 2020): its tables 4.1, 4.4, 4.7,
 * 4.8, 4.9 and 4.10 and figure 4.5, typed from there.
 */
export interface Scan {
  readonly label: string;
  readonly date: string;
  readonly targets: number;
  readonly mpCapable: number;
  readonly differentKey: number;
  readonly port: 80 | 443;
  readonly family: "IPv4" | "IPv6";
}

const scan = (
  family: Scan["family"],
  label: string,
  date: string,
  targets: number,
  mpCapable: number,
  differentKey: number,
  port: 80 | 443,
): Scan => ({ family, label, date, targets, mpCapable, differentKey, port });

/** Tables 4.1 and 4.4. */
export const SCANS: readonly Scan[] = [
  scan("IPv4", "A", "2020-07-06", 64_464_026, 192_740, 3_642, 80),
  scan("IPv4", "B", "2020-07-13", 64_256_224, 194_032, 3_712, 80),
  scan("IPv4", "C", "2020-07-16", 63_954_786, 179_578, 3_741, 80),
  scan("IPv4", "D", "2020-08-10", 58_807_697, 201_687, 4_158, 80),
  scan("IPv4", "X", "2020-08-06", 47_898_813, 211_143, 36_623, 443),
  scan("IPv4", "Y", "2020-08-27", 42_490_650, 198_170, 33_666, 443),
  scan("IPv6", "a", "2020-08-09", 883_058, 122, 40, 80),
  scan("IPv6", "b", "2020-08-19", 884_402, 183, 102, 80),
  scan("IPv6", "c", "2020-08-21", 886_471, 193, 105, 80),
  scan("IPv6", "d", "2020-09-03", 1_149_771, 286, 185, 80),
  scan("IPv6", "x", "2020-08-06", 681_861, 315, 239, 443),
  scan("IPv6", "y", "2020-08-27", 897_102, 848, 762, 443),
];

export interface Superset extends Omit<Scan, "label" | "date"> {}

/** Table 4.7. */
export const SUPERSETS: readonly Superset[] = [
  { family: "IPv4", port: 80, targets: 74_246_491, mpCapable: 250_356, differentKey: 6_466 },
  { family: "IPv4", port: 443, targets: 52_478_964, mpCapable: 276_250, differentKey: 58_770 },
  { family: "IPv6", port: 80, targets: 1_195_331, mpCapable: 316, differentKey: 200 },
  { family: "IPv6", port: 443, targets: 934_239, mpCapable: 907, differentKey: 803 },
];

/** Figure 4.5: what tracebox found of the hosts with a different key in scan D and in scan Y. */
export const OUTCOMES = {
  D: { mptcp: 3_708, "middlebox-near-host": 45, "not-capable": 155, "not-reached": 250 },
  Y: { mptcp: 2_519, "middlebox-near-host": 1_263, "not-capable": 13_040, "not-reached": 16_844 },
} as const;

export interface Network {
  readonly amount: number;
  readonly asn: number;
  readonly name: string;
  readonly rank: number;
  readonly location: string;
  readonly type: string;
}

const network = (amount: number, asn: number, name: string, rank: number, location: string, type: string): Network => ({
  amount,
  asn,
  name,
  rank,
  location,
  type,
});

/** Tables 4.8 and 4.9: networks of the truly capable hosts of D and of Y; the rest is in others. */
export const NETWORKS: Readonly<Record<"D" | "Y", readonly Network[]>> = {
  D: [
    network(673, 61157, "PlusServer GmbH", 1368, "DE", "Content"),
    network(198, 7922, "Comcast", 27, "US", "Cable/DSL/ISP"),
    network(194, 4766, "KT Corporation (Korea Telecom)", 47, "KR", "Cable/DSL/ISP"),
    network(182, 714, "Apple Inc.", 6330, "US", "Content"),
    network(182, 20115, "Charter Communications", 98, "US", "Cable/DSL/ISP"),
    network(78, 6185, "Apple CDN", 13577, "US", "Content"),
    network(76, 3216, "VEON Group", 23, "RU", "NSP"),
    network(70, 5607, "Sky Broadband", 5033, "UK", "Cable/DSL/ISP"),
    network(68, 786, "Janet", 804, "UK", "Educational/Research"),
    network(66, 14265, "TelePacific Communications", 618, "US", "NSP"),
  ],
  Y: [
    network(497, 61157, "PlusServer GmbH", 1368, "DE", "Content"),
    network(156, 4766, "KT Corporation (Korea Telecom)", 47, "KR", "Cable/DSL/ISP"),
    network(151, 7922, "Comcast", 27, "US", "Cable/DSL/ISP"),
    network(147, 20115, "Charter Communications", 98, "US", "Cable/DSL/ISP"),
    network(101, 714, "Apple Inc.", 6330, "US", "Content"),
    network(77, 6185, "Apple CDN", 13577, "US", "Content"),
    network(50, 14265, "TelePacific Communications", 618, "US", "NSP"),
    network(47, 20001, "Charter Communications (20001)", 308, "US", "Cable/DSL/ISP"),
    network(44, 786, "Janet", 804, "UK", "Educational/Research"),
    network(43, 3216, "VEON Group", 23, "RU", "NSP"),
  ],
};

/** Table 4.10: where option 30 was first seen changed on the paths of D, not at the last hop: 146 paths. */
export const CHANGING_HOPS: readonly (readonly [address: string, paths: number])[] = [
  ["59.46.60.146", 133],
  ["62.216.144.122", 3],
  ["93.125.20.68", 2],
  ["122.96.66.98", 2],
  ["221.183.55.86", 1],
  ["183.221.156.178", 1],
  ["176.52.248.123", 1],
  ["94.142.98.240", 1],
  ["221.6.9.134", 1],
  ["93.125.20.67", 1],
];
