/** MPTCP options as tcpdump 4.99 prints them, read into the fields that it prints. */
import { execFileSync } from "node:child_process";

export type Value = string | number | boolean | null | readonly number[];
export type Shown = { readonly subtype: string; readonly [field: string]: Value };

/** The MPTCP options of one packet. */
export interface ShownPacket {
  readonly from: string;
  readonly options: readonly Shown[];
}

/** What tcpdump says of the TCP packets of a capture file, in their order. */
export function readWithTcpdump(file: string): ShownPacket[] {
  const args = ["-nn", "-v", "-r", file, "tcp or (ip6 proto 6)"];
  const text = execFileSync("tcpdump", args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return text.split("\n").flatMap((line) => {
    const found = /(\S+) > \S+: Flags /.exec(line);
    return found === null ? [] : [{ from: found[1] ?? "", options: optionsIn(line) }];
  });
}

/** An option that tcpdump calls bad ends the line. */
function optionsIn(line: string): Shown[] {
  const [, list = "", end] = /options \[(.*?)(\[bad opt\]|\], length)/.exec(line) ?? [];
  const parts = list.split(/,(?![^{]*\})/);
  return parts.flatMap((part, i) => {
    const [, length, text = ""] = /^mptcp (\d+) (.*)$/.exec(part) ?? [];
    if (length === undefined) return [];
    if (end === "[bad opt]" && i === parts.length - 1) return [{ subtype: "bad", text, length: Number(length) }];
    return [parseShown(text, Number(length))];
  });
}

/**
 * One option: the words behind `mptcp LENGTH`.
 * @throws Error on words that it does not know: another version of tcpdump may have others
 */
function parseShown(text: string, length: number): Shown {
  for (const [pattern, read] of PATTERNS) {
    const groups = pattern.exec(text)?.groups;
    if (groups !== undefined) return read(groups, length);
  }
  if (text === "unknown") return { subtype: "unknown" };
  throw new Error(`tcpdump prints "${text}" for an MPTCP option of ${length} bytes, which this test cannot read`);
}

type Groups = { readonly [name: string]: string | undefined };

const PATTERNS: readonly (readonly [RegExp, (groups: Groups, length: number) => Shown])[] = [
  [
    /^capable v(?<version>\d+)(?<csum> csum)?(?: \{0x(?<sender>[\da-f]+)(?:,0x(?<receiver>[\da-f]+))?\})?$/,
    ({ version, csum, sender, receiver }) => ({
      subtype: "MP_CAPABLE",
      version: Number(version),
      checksumRequired: csum !== undefined,
      senderKey: digits(sender, 16),
      receiverKey: digits(receiver, 16),
    }),
  ],
  [
    /^join(?<backup> backup)? id (?<id>\d+) token 0x(?<token>[\da-f]+) nonce 0x(?<nonce>[\da-f]+)$/,
    ({ backup, id, token, nonce }) => ({
      subtype: "MP_JOIN",
      form: "SYN",
      backup: backup !== undefined,
      addressId: Number(id),
      token: digits(token, 8),
      nonce: digits(nonce, 8),
    }),
  ],
  [
    /^join(?<backup> backup)? id (?<id>\d+) hmac 0x(?<hmac>[\da-f]+) nonce 0x(?<nonce>[\da-f]+)$/,
    ({ backup, id, hmac, nonce }) => ({
      subtype: "MP_JOIN",
      form: "SYN/ACK",
      backup: backup !== undefined,
      addressId: Number(id),
      hmac: digits(hmac, 16),
      nonce: digits(nonce, 8),
    }),
  ],
  [/^join hmac 0x(?<hmac>[\da-f]{40})$/, ({ hmac }) => ({ subtype: "MP_JOIN", form: "ACK", hmac: digits(hmac, 40) })],
  [
    /^dss(?<fin> fin)?(?: ack (?<ack>\d+))?(?: seq (?<seq>\d+) subseq (?<subseq>\d+) len (?<len>\d+)(?: csum 0x(?<csum>[\da-f]+))?)?$/,
    ({ fin, ack, seq, subseq, len, csum }) => ({
      subtype: "DSS",
      dataFin: fin !== undefined,
      dataAck: ack ?? null,
      dataSequence: seq ?? null,
      subflowSequence: subseq ?? null,
      dataLength: len ?? null,
      checksum: digits(csum, 4),
    }),
  ],
  [
    /^add-addr (?:v0-ip[46]|v(?<one>1)(?<echo>-echo)?) id (?<id>\d+) (?<where>\S+)(?: hmac 0x(?<hmac>[\da-f]+))?$/,
    ({ one, echo, id, where = "", hmac }, length) => ({
      subtype: "ADD_ADDR",
      version: one === undefined ? 0 : 1,
      echo: echo !== undefined,
      addressId: Number(id),
      ...addressAndPort(where, length),
      hmac: digits(hmac, 16),
    }),
  ],
  [
    /^rem-addr id (?<ids>[\d ]+)$/,
    ({ ids = "" }) => ({ subtype: "REMOVE_ADDR", addressIds: ids.split(" ").map(Number) }),
  ],
  [
    /^prio (?<non>non-)?backup(?: id (?<id>\d+))?$/,
    ({ non, id }) => ({
      subtype: "MP_PRIO",
      backup: non === undefined,
      addressId: id === undefined ? null : Number(id),
    }),
  ],
  [/^fail seq (?<seq>\d+)$/, ({ seq = "" }) => ({ subtype: "MP_FAIL", dataSequence: seq })],
  [/^fast-close key 0x(?<key>[\da-f]+)$/, ({ key }) => ({ subtype: "MP_FASTCLOSE", receiverKey: digits(key, 16) })],
];

/** A colon stands before the port of an IPv6 address, too: the length of the option tells whether there is one. */
function addressAndPort(where: string, length: number): { address: string; port: number | null } {
  if (length % 4 !== 2) return { address: where, port: null };
  const colon = where.lastIndexOf(":");
  return { address: where.slice(0, colon), port: Number(where.slice(colon + 1)) };
}

/** Tcpdump leaves out leading zeros. */
function digits(hex: string | undefined, count: number): string | null {
  return hex === undefined ? null : hex.padStart(count, "0");
}
