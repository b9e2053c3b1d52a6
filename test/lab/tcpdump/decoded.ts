/** What `parallax-agent decode` says of a capture, cut down to what tcpdump prints. */
import { decodeFile } from "../../../agent/cli/decode.js";
import type { Shown, ShownPacket, Value } from "./tcpdump-text.js";

/** An MPTCP option as in the JSON of `parallax-agent decode`. */
export type Decoded = { readonly name: string; readonly subtype: string; readonly [field: string]: unknown };

export interface DecodedPacket {
  readonly from: string;
  readonly options: readonly Decoded[];
}

/** The TCP packets of a capture file, in their order. */
export function readWithParallax(file: string): DecodedPacket[] {
  const lines = [...decodeFile(file)].join("").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { type: string; source: string; sourcePort: number; options: Decoded[] })
    .filter(({ type }) => type === "tcp")
    .map(({ source, sourcePort, options }) => ({
      from: `${source}.${sourcePort}`,
      options: options.filter(({ name }) => name === "mptcp"),
    }));
}

/**
 * The fields that tcpdump prints, in the form of `parseShown`. It never prints the flags B, C and D to H of MP_CAPABLE,
 * nor the length and checksum of the data behind it.
 */
function asShown(option: Decoded): Shown {
  const pick = (...names: string[]): Shown =>
    ({ subtype: option.subtype, ...Object.fromEntries(names.map((name) => [name, option[name]])) }) as Shown;
  switch (option.subtype) {
    case "MP_CAPABLE":
      return pick("version", "checksumRequired", "senderKey", "receiverKey");
    case "MP_JOIN": {
      if (option.form === "ACK") return pick("form", "hmac");
      const nonce = hex(option.nonce, 8);
      const both = { ...pick("form", "backup", "addressId"), nonce };
      return option.form === "SYN" ? { ...both, ...pick("token") } : { ...both, hmac: option.truncatedHmac as string };
    }
    case "DSS": {
      const ack = option.dataAck as { value: string } | null;
      const mapping = option.mapping as { [field: string]: Value } | null;
      const decimal = (field: string): string | null => (mapping === null ? null : String(mapping[field]));
      return {
        ...pick("dataFin"),
        dataAck: ack?.value ?? null,
        dataSequence: decimal("dataSequence"),
        subflowSequence: decimal("subflowSequence"),
        dataLength: decimal("dataLength"),
        checksum: hex(mapping?.checksum ?? null, 4),
      };
    }
    case "ADD_ADDR":
      return {
        ...pick("version", "echo", "addressId", "address", "port"),
        hmac: option.truncatedHmac as string | null,
      };
    case "REMOVE_ADDR":
      return pick("addressIds");
    case "MP_PRIO":
      return pick("backup", "addressId");
    case "MP_FAIL":
      return pick("dataSequence");
    case "MP_FASTCLOSE":
      return pick("receiverKey");
    default:
      return { subtype: option.subtype };
  }
}

function hex(value: unknown, count: number): string | null {
  return value === null ? null : Number(value).toString(16).padStart(count, "0");
}

/** What tcpdump 4.99 cannot show: the option stands in both lists, and only its name is compared. */
const GAPS: readonly { why: string; ours: (option: Decoded) => boolean; theirs: (shown: Shown) => boolean }[] = [
  {
    why: "it knows no subtype above 7 and calls MP_TCPRST unknown",
    ours: ({ subtype }) => subtype === "MP_TCPRST",
    theirs: ({ subtype }) => subtype === "unknown",
  },
  {
    why: "it calls an MP_CAPABLE with a checksum of its data (24 bytes, RFC 8684 section 3.1) bad",
    ours: ({ subtype, checksum }) => subtype === "MP_CAPABLE" && checksum !== null,
    theirs: ({ subtype, text, length }) => subtype === "bad" && text === "capable" && length === 24,
  },
];

/** Packets of a capture in which the two differ, with what each says of them; an empty list when they agree. */
export function disagreements(ours: readonly DecodedPacket[], theirs: readonly ShownPacket[]): object[] {
  const count = Math.max(ours.length, theirs.length);
  return Array.from({ length: count }, (_, i) => i).flatMap((i) => {
    const [our, their] = [ours[i], theirs[i]];
    const expected = (our?.options ?? []).map((option, at) => {
      const shown = their?.options[at];
      const gap = GAPS.some((one) => one.ours(option) && shown !== undefined && one.theirs(shown));
      return gap ? (shown as Shown) : asShown(option);
    });
    const parallax = { from: our?.from, options: expected };
    const tcpdump = { from: their?.from, options: their?.options ?? [] };
    return canonical(parallax) === canonical(tcpdump) ? [] : [{ packet: i + 1, parallax, tcpdump }];
  });
}

/** JSON whose keys are in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
