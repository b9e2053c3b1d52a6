import { describe, expect, it } from "@jest/globals";
import { createRule } from "../../../deploy/lab/behaviour/behaviour.js";
import { shortenQuote } from "../../../deploy/lab/behaviour/short-quote.js";
import { parseAddress } from "../../../shared/address/address.js";
import { decodeTcpOptions } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";

const SYN = 0x02;
const SYN_ACK = 0x12;
const V0 = [30, 12, 0x00, 0x81, 1, 2, 3, 4, 5, 6, 7, 8];
const V1 = [30, 4, 0x01, 0x01];
const MSS = [2, 4, 0x05, 0xb4];
const EDGE = ["192.0.2.1", "2001:2::1"] as const;

/** Ones' complement sum as RFC 1071 writes it, apart from the project's own. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function ip(
  family: 4 | 6,
  protocol: number,
  source: readonly number[],
  destination: readonly number[],
  bytes: readonly number[],
): Uint8Array {
  const length = bytes.length;
  if (family === 6) {
    return Uint8Array.from([
      0x60,
      0,
      0,
      0,
      length >> 8,
      length & 255,
      protocol,
      64,
      ...source,
      ...destination,
      ...bytes,
    ]);
  }
  const total = length + 20;
  const head = [0x45, 0, total >> 8, total & 255, 0, 1, 0x40, 0, 64, protocol, 0, 0, ...source, ...destination];
  const sum = checksum(head);
  return Uint8Array.from([...head.slice(0, 10), sum >> 8, sum & 255, ...head.slice(12), ...bytes]);
}

const tail = (family: 4 | 6, address: string): number[] => [...parseAddress(address).subarray(family === 4 ? 12 : 0)];
const pair = (family: 4 | 6) =>
  family === 4
    ? ([tail(4, "192.0.2.9"), tail(4, "198.19.1.10")] as const)
    : ([tail(6, "2001:2:0:9::1"), tail(6, "2001:db8:1::10")] as const);

function segment(family: 4 | 6, flags: number, options: readonly number[], back = false): Uint8Array {
  const [near, far] = pair(family);
  const [from, to] = back ? [far, near] : [near, far];
  const ports = back ? [0, 80, 0xf0, 0] : [0xf0, 0, 0, 80];
  const numbers = back ? [9, 9, 9, 9, 0, 0, 0, 8] : [0, 0, 0, 7, 0, 0, 0, 0];
  const head = [...ports, ...numbers, (5 + options.length / 4) << 4, flags, 0xfa, 0xf0, 0, 0, 0, 0, ...options];
  const sum = checksum([...from, ...to, 0, 6, 0, head.length, ...head]);
  head[16] = sum >> 8;
  head[17] = sum & 255;
  return ip(family, 6, from, to, head);
}

/** True when the IP header's and the transport's checksum are right, counted anew. */
function sound(packet: Uint8Array): boolean {
  const bytes = [...packet];
  const four = (bytes[0] ?? 0) >> 4 === 4;
  const head = four ? 20 : 40;
  const total = four ? ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0) : ((bytes[4] ?? 0) << 8) + (bytes[5] ?? 0) + 40;
  const protocol = bytes[four ? 9 : 6] ?? 0;
  const payload = bytes.slice(head);
  const even = payload.length % 2 === 0 ? payload : [...payload, 0];
  const pseudo = protocol === 1 ? [] : [...bytes.slice(four ? 12 : 8, head), 0, protocol, 0, payload.length];
  return (
    total === bytes.length && (!four || checksum(bytes.slice(0, 20)) === 0) && checksum([...pseudo, ...even]) === 0
  );
}

function optionsOf(packet: Uint8Array | null): number[][] {
  const decoded = packet === null ? null : decodePacket(packet);
  if (decoded?.kind !== "tcp") throw new Error("no TCP packet");
  return decodeTcpOptions(decoded.tcp.options)
    .options.filter(({ kind }) => kind > 1)
    .map(({ bytes }) => [...bytes]);
}

describe.each([4, 6] as const)("a box on an IPv%i path", (family) => {
  const remove = createRule("remove-option", []);

  it.each([V0, V1])(
    "removes the option's bytes from a SYN and leaves a shorter packet with right checksums",
    (...option) => {
      const before = segment(family, SYN, [...MSS, ...option]);
      const after = remove(before, "forth");
      expect(optionsOf(after)).toEqual([MSS]);
      expect(after?.length).toBe(before.length - option.length);
      expect(after !== null && sound(after)).toBe(true);
    },
  );

  it("leaves SYNs without the option, later segments and the way back byte for byte as they were", () => {
    for (const packet of [segment(family, SYN, MSS), segment(family, 0x10, V1)]) {
      expect(remove(packet.slice(), "forth")).toEqual(packet);
    }
    const answer = segment(family, SYN_ACK, V1, true);
    expect(remove(answer.slice(), "back")).toEqual(answer);
  });

  it.each([
    ["echo-v0", V0, [MSS, V0]],
    ["echo-v0", V1, [MSS]],
    ["echo-any", V0, [MSS, V0]],
    ["echo-any", V1, [MSS, V1]],
  ] as const)("%s answers option %j with %j", (behaviour, option, expected) => {
    const rule = createRule(behaviour, []);
    const syn = segment(family, SYN, option);
    expect(rule(syn.slice(), "forth")).toEqual(syn);
    const answer = rule(segment(family, SYN_ACK, MSS, true), "back");
    expect(optionsOf(answer)).toEqual(expected);
    expect(answer !== null && sound(answer)).toBe(true);
  });

  it("echoes nothing into the answer to a SYN of the same ports that had no option", () => {
    const rule = createRule("echo-any", []);
    rule(segment(family, SYN, V1), "forth");
    rule(segment(family, SYN, MSS), "forth");
    expect(optionsOf(rule(segment(family, SYN_ACK, MSS, true), "back"))).toEqual([MSS]);
  });

  it("shortens the quotes of its own router to the header and eight bytes, and of no other", () => {
    const shorten = (packet: Uint8Array) => shortenQuote(packet, EDGE.map(parseAddress));
    const quoted = [...segment(family, SYN, MSS)];
    const icmp = [family === 4 ? 11 : 3, 0, 0, 0, 0, 0, 0, 0, ...quoted];
    const error = (from: string): Uint8Array => {
      const [near] = pair(family);
      return ip(family, family === 4 ? 1 : 58, tail(family, from), near, icmp);
    };
    const [edge, other] = family === 4 ? [EDGE[0], "192.0.2.77"] : [EDGE[1], "2001:2::77"];
    const short = shorten(error(edge));
    const head = family === 4 ? 20 : 40;
    expect(short.length).toBe(head + 8 + head + 8);
    expect([...short].slice(head + 8)).toEqual(quoted.slice(0, head + 8));
    expect(sound(short)).toBe(true);
    expect(shorten(error(other))).toEqual(error(other));
    // RFC 4443 leaves IPv6 routers no such choice, so the lab's box has none either.
    const box = createRule("remove-option-and-short-quotes", EDGE.map(parseAddress));
    expect(box(error(edge), "back")).toEqual(family === 4 ? short : error(edge));
  });
});
