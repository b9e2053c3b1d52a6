import type { Variant } from "./variant.js";

/** Which operating system's SYN a probe looks like. A bare SYN finds 1.7 % fewer hosts, so even the smallest has an MSS. */
export const OPTION_PROFILES = ["linux", "windows", "bsd", "minimal", "thesis"] as const;
export type OptionProfile = (typeof OPTION_PROFILES)[number];

/** What all probes of a profile have in common. */
export interface ProfileFacts {
  /** TTL (hop limit) of probes that are meant to arrive: 1 to 255. */
  readonly ttl: number;
  /** Receive window of the SYN. */
  readonly window: number;
  /** TSval carries the send time and the TTL; without it there is no round-trip time. */
  readonly carriesTime: boolean;
  /** The v0 sender's key where it is a constant; null: keyed by campaign and target. */
  readonly constantKey: bigint | null;
  /** Flags of MP_CAPABLE: H (HMAC-SHA1 in version 0, HMAC-SHA256 in version 1), in the thesis also A (checksums). */
  readonly mptcpFlags: number;
}

const PROFILES: Readonly<Record<OptionProfile, ProfileFacts>> = {
  // Linux 5 and 6, FreeBSD 13 and Windows 10 as p0f's and nmap's fingerprint files describe their SYNs.
  linux: { ttl: 64, window: 64_240, carriesTime: true, constantKey: null, mptcpFlags: 0x01 },
  bsd: { ttl: 64, window: 65_535, carriesTime: true, constantKey: null, mptcpFlags: 0x01 },
  windows: { ttl: 128, window: 64_240, carriesTime: false, constantKey: null, mptcpFlags: 0x01 },
  minimal: { ttl: 64, window: 65_535, carriesTime: false, constantKey: null, mptcpFlags: 0x01 },
  // The constant string of the scans of 2020 (listing A.1 of the thesis): TSval and key are the same in every probe.
  thesis: { ttl: 64, window: 65_535, carriesTime: false, constantKey: 0x0c0c_0c0c_0c0c_0c0cn, mptcpFlags: 0x81 },
};

export function profileFacts(profile: OptionProfile): ProfileFacts {
  return PROFILES[profile];
}

/** TCP options of a probe, a multiple of four bytes, and the places in them that differ from probe to probe. */
export interface ProbeOptions {
  readonly bytes: Uint8Array;
  /** Where TSval lies; null where it is a constant or missing. */
  readonly tsValueAt: number | null;
  /** Where the v0 sender's key lies; null where it is a constant or missing. */
  readonly keyAt: number | null;
}

const END = 0;
const NOP = 1;
const SACK_PERMITTED = [4, 2] as const;
/** TSval to be filled in, TSecr 0. */
const TIMESTAMPS = [8, 10, 0, 0, 0, 0, 0, 0, 0, 0] as const;
/** What IPv4 and IPv6 leave of an Ethernet frame's 1500 bytes, less the TCP header. */
const MSS = { 4: 1460, 6: 1440 } as const;

/** Options of a profile, then what the variant adds. */
export function encodeProbeOptions(profile: OptionProfile, variant: Variant, family: 4 | 6): ProbeOptions {
  const { carriesTime, constantKey } = PROFILES[profile];
  const own = profileOptions(profile, MSS[family]);
  const added = variantOption(profile, variant);
  const bytes = [...own, ...added];
  const padding = profile === "thesis" ? NOP : END;
  while (bytes.length % 4 !== 0) bytes.push(padding);
  return {
    bytes: Uint8Array.from(bytes),
    tsValueAt: carriesTime ? indexOfTimestamps(own) + 2 : null,
    keyAt: variant === "v0" && constantKey === null ? own.length + 4 : null,
  };
}

function profileOptions(profile: OptionProfile, mss: number): number[] {
  const mssOption = [2, 4, mss >>> 8, mss & 0xff];
  switch (profile) {
    case "linux":
      return [...mssOption, ...SACK_PERMITTED, ...TIMESTAMPS, NOP, 3, 3, 7];
    case "bsd":
      return [...mssOption, NOP, 3, 3, 6, ...SACK_PERMITTED, ...TIMESTAMPS];
    case "windows":
      return [...mssOption, NOP, 3, 3, 8, NOP, NOP, ...SACK_PERMITTED];
    case "minimal":
      return mssOption;
    case "thesis":
      return [2, 4, 0, 1, ...SACK_PERMITTED, 8, 10, 15, 15, 15, 15, 0, 0, 0, 0, 3, 3, 0];
  }
}

/** Offset of the timestamps option (kind 8) among whole options. */
function indexOfTimestamps(options: readonly number[]): number {
  let at = 0;
  while (options[at] !== 8) at += options[at] === NOP ? 1 : (options[at + 1] ?? 1);
  return at;
}

function variantOption(profile: OptionProfile, variant: Variant): number[] {
  const { mptcpFlags, constantKey } = PROFILES[profile];
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(constantKey ?? 0n);
  switch (variant) {
    // RFC 6824 section 3.1: version 0 and the sender's key.
    case "v0":
      return [30, 12, 0x00, mptcpFlags, ...key];
    // RFC 8684 section 3.1: version 1, no key in the SYN.
    case "v1":
      return [30, 4, 0x01, mptcpFlags];
    // RFC 6994: experimental option 253 with an experiment identifier of our own ("PX"), as long as the one of v1.
    case "unknown-option":
      return [253, 4, 0x50, 0x58];
    case "plain":
      return [];
  }
}
