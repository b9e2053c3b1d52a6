import { describe, expect, it } from "@jest/globals";
import { parseAddress } from "../../../shared/address/address.js";
import { type Behaviour, behaviourSchema } from "../../../shared/middlebox/behaviour.js";
import { createRule } from "../../../shared/middlebox/box.js";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { decodePacket, type Packet } from "../../../shared/packet/decode.js";
import { ACK, collect, icmp, MSS, optionsOf, SYN, SYN_ACK, segment, sound, UNKNOWN, V0, V1 } from "./segments.js";

const TIMESTAMPS = [8, 10, 0, 0, 0, 9, 0, 0, 0, 0];
const WINDOW_SCALE = [1, 3, 3, 7];
const RST = 0x04;
const EDGE = ["192.0.2.1", "2001:2::1"] as const;

/** As it would be read from a file. */
function box(...behaviours: unknown[]): PacketRule {
  const parsed: Behaviour[] = behaviours.map((behaviour) => behaviourSchema.parse(behaviour));
  return createRule(parsed, { routers: EDGE.map(parseAddress) });
}

function pass(rule: PacketRule, packet: Uint8Array, direction: "forth" | "back" = "forth"): Uint8Array | null {
  const before = packet.slice();
  const after = rule(packet, direction, collect());
  // Rings and slots are read again: no rule writes into what it is given.
  expect(packet).toEqual(before);
  return after;
}

function tcp(packet: Uint8Array | null | undefined): Extract<Packet, { kind: "tcp" }> {
  const decoded = packet ? decodePacket(packet) : null;
  if (decoded?.kind !== "tcp") throw new Error("no TCP packet");
  return decoded;
}

describe.each([4, 6] as const)("a box on an IPv%i path", (family) => {
  const cutSyn = { kind: "strip", when: { segment: "syn", direction: "forth" }, options: [30], fill: "cut" };

  it.each([V0, V1])("cuts option 30 out: the packet is shorter and its checksums are right", (...option) => {
    const before = segment(family, SYN, { options: [...MSS, ...option] });
    const after = pass(box(cutSyn), before);
    expect(optionsOf(after)).toEqual([MSS]);
    expect(after?.length).toBe(before.length - option.length);
    expect(sound(after)).toBe(true);
  });

  it("fills option 30 with NOPs: the packet is as long as before", () => {
    const before = segment(family, SYN, { options: [...V0, ...MSS] });
    const after = pass(box({ kind: "strip", options: [30], fill: "nop" }), before);
    expect(optionsOf(after)).toEqual([MSS]);
    expect(after?.length).toBe(before.length);
    expect([...(tcp(after).tcp.options ?? [])].slice(0, 12)).toEqual(Array(12).fill(1));
    expect(sound(after)).toBe(true);
  });

  it("leaves what is not meant byte for byte as it was", () => {
    const rule = box(cutSyn);
    for (const packet of [segment(family, SYN, { options: MSS }), segment(family, ACK, { options: V1 })]) {
      expect(pass(rule, packet)).toEqual(packet);
    }
    const answer = segment(family, SYN_ACK, { options: V1, back: true });
    expect(pass(rule, answer, "back")).toEqual(answer);
  });

  it("strips only some subtypes, and only after so many segments of a flow", () => {
    const dss = [30, 4, 0x20, 0];
    const addAddress = [30, 8, 0x30, 1, 192, 0, 2, 7];
    const bySubtype = box({ kind: "strip", options: [30], subtypes: [3], fill: "cut" });
    expect(optionsOf(pass(bySubtype, segment(family, ACK, { options: [...dss, ...addAddress] })))).toEqual([dss]);
    const later = box({ kind: "strip", options: [30], fill: "cut", afterPackets: 2 });
    const seen = [1, 2, 3, 4].map(() => optionsOf(pass(later, segment(family, ACK, { options: dss }))).length);
    expect(seen).toEqual([1, 1, 0, 0]);
  });

  it.each([
    [[12], V0, [MSS, V0]],
    [[12], V1, [MSS]],
    [undefined, V0, [MSS, V0]],
    [undefined, V1, [MSS, V1]],
  ] as const)("echoes an option 30 of the lengths %j: %j is answered with %j", (lengths, option, expected) => {
    const rule = box({ kind: "echo", options: "mptcp", ...(lengths === undefined ? {} : { lengths: [...lengths] }) });
    const syn = segment(family, SYN, { options: option });
    expect(pass(rule, syn)).toEqual(syn);
    const answer = pass(rule, segment(family, SYN_ACK, { options: MSS, back: true }), "back");
    expect(optionsOf(answer)).toEqual(expected);
    expect(sound(answer)).toBe(true);
  });

  it("echoes nothing into the answer to a SYN of the same ports that had no option", () => {
    const rule = box({ kind: "echo", options: "mptcp" });
    pass(rule, segment(family, SYN, { options: V1 }));
    pass(rule, segment(family, SYN, { options: MSS }));
    expect(optionsOf(pass(rule, segment(family, SYN_ACK, { options: MSS, back: true }), "back"))).toEqual([MSS]);
  });

  it.each([
    ["flags", [30, 12, 0, 0x01, 1, 2, 3, 4, 5, 6, 7, 8]],
    ["key", [30, 12, 0, 0x81, 254, 253, 252, 251, 250, 249, 248, 247]],
    ["shortened", [30, 4, 0, 0x81]],
  ])("echoes with altered %s", (alter, expected) => {
    const rule = box({ kind: "echo", options: "mptcp", alter });
    pass(rule, segment(family, SYN, { options: V0 }));
    expect(optionsOf(pass(rule, segment(family, SYN_ACK, { back: true }), "back"))).toEqual([expected]);
  });

  it("echoes every option that it does not know", () => {
    const rule = box({ kind: "echo", options: "unknown" });
    pass(rule, segment(family, SYN, { options: [...MSS, ...UNKNOWN, ...V1] }));
    const answer = pass(rule, segment(family, SYN_ACK, { options: MSS, back: true }), "back");
    expect(optionsOf(answer)).toEqual([MSS, UNKNOWN, V1]);
  });

  it.each([
    [{ options: [30] }, V1, true],
    [{ options: [30] }, UNKNOWN, false],
    [{ unknownOption: true }, UNKNOWN, true],
    [{ unknownOption: true }, MSS, false],
    [{ optionBytesOver: 4 }, [...MSS, ...V1], true],
    [{ optionBytesOver: 8 }, [...MSS, ...V1], false],
    [{ ports: [443] }, V1, false],
    [{ ports: [80], segment: "syn" }, V1, true],
    [{ subtypes: [1] }, V1, false],
  ])("drops a SYN where %j holds: options %j, %p", (when, options, isDropped) => {
    const packet = segment(family, SYN, { options });
    expect(pass(box({ kind: "drop", when }), packet)).toEqual(isDropped ? null : packet);
  });

  it("drops data in a SYN, and lets the SYN alone pass", () => {
    const rule = box({ kind: "drop", when: { segment: "syn", payload: true } });
    expect(pass(rule, segment(family, SYN, { payload: [1, 2, 3] }))).toBeNull();
    expect(pass(rule, segment(family, SYN))).not.toBeNull();
  });

  it("resets in the other end's name, to one side or to both", () => {
    const syn = segment(family, SYN, { options: V1 });
    for (const both of [false, true]) {
      const aside = collect();
      expect(box({ kind: "reset", when: { options: [30] }, both })(syn, "forth", aside)).toBeNull();
      const back = tcp(aside.wentBack[0]);
      // RFC 9293 section 3.10.7.1: sequence number 0, and the SYN is acknowledged.
      expect(back.tcp).toMatchObject({ flags: RST | ACK, sequence: 0, acknowledgement: 8, sourcePort: 80 });
      expect(back.ip.source).toEqual(tcp(syn).ip.destination);
      expect(aside.wentOn.map((packet) => tcp(packet).tcp.flags)).toEqual(both ? [RST] : []);
      for (const packet of [...aside.wentBack, ...aside.wentOn]) expect(sound(packet)).toBe(true);
    }
  });

  it("answers a SYN before the host does, without options that it does not know", () => {
    const syn = segment(family, SYN, { options: [...MSS, 1, 1, ...TIMESTAMPS, ...V1] });
    for (const alsoForwards of [false, true]) {
      const aside = collect();
      const on = box({ kind: "answer", alsoForwards, ttl: 200 })(syn, "forth", aside);
      expect(on).toEqual(alsoForwards ? syn : null);
      const [answer] = aside.wentBack;
      expect(tcp(answer)).toMatchObject({ ip: { ttl: 200 }, tcp: { flags: SYN_ACK, acknowledgement: 8 } });
      expect(optionsOf(answer)).toEqual([MSS, [8, 10, 0, 0, 0, 1, 0, 0, 0, 9]]);
      expect(sound(answer)).toBe(true);
    }
  });

  it("turns the order of the options round", () => {
    const after = pass(
      box({ kind: "reorder-options" }),
      segment(family, SYN, { options: [...MSS, ...WINDOW_SCALE, ...V1] }),
    );
    expect(optionsOf(after)).toEqual([V1, WINDOW_SCALE.slice(1), MSS]);
    expect(sound(after)).toBe(true);
  });

  it("cuts the list off at the second option that it does not know", () => {
    const rule = box({ kind: "truncate-options", unknown: 1 });
    const both = pass(rule, segment(family, SYN, { options: [...UNKNOWN, ...MSS, ...V1, ...WINDOW_SCALE] }));
    expect(optionsOf(both)).toEqual([UNKNOWN, MSS]);
    expect(sound(both)).toBe(true);
    const one = segment(family, SYN, { options: [...MSS, ...V1] });
    expect(pass(rule, one)).toEqual(one);
  });

  it("lowers the MSS and never raises it", () => {
    const lower = pass(box({ kind: "clamp-mss", mss: 1380 }), segment(family, SYN, { options: MSS }));
    expect(optionsOf(lower)).toEqual([[2, 4, 0x05, 0x64]]);
    expect(sound(lower)).toBe(true);
    const packet = segment(family, SYN, { options: MSS });
    expect(pass(box({ kind: "clamp-mss", mss: 1460 }), packet)).toEqual(packet);
  });

  const ofFamily: readonly [string, number, object][] =
    family === 4
      ? [
          ["ip-id", 0x1234, { ip: { id: 0x1234 } }],
          ["dont-fragment", 0, { ip: { dontFragment: false } }],
        ]
      : [["flow-label", 0xabcde, { ip: { flowLabel: 0xabcde } }]];
  const fields: readonly [string, number, object][] = [
    ["ttl", 255, { ip: { ttl: 255 } }],
    ["dscp", 46, { ip: { dscp: 46, ecn: 0 } }],
    ["ecn", 3, { ip: { dscp: 0, ecn: 3 } }],
    ["tcp-reserved", 5, { tcp: { reserved: 5 } }],
    ["tcp-window", 4128, { tcp: { window: 4128 } }],
    ["tcp-urgent", 9, { tcp: { urgent: 9 } }],
    ...ofFamily,
  ];
  it.each(fields)("writes %s: %i", (field, value, expected) => {
    const after = pass(box({ kind: "set", field, value }), segment(family, SYN, { options: MSS }));
    expect(tcp(after)).toMatchObject(expected);
    expect(optionsOf(after)).toEqual([MSS]);
    expect(sound(after)).toBe(true);
  });

  it("clears the window scale", () => {
    const rule = box({ kind: "set", field: "tcp-window-scale", value: 0 });
    const after = pass(rule, segment(family, SYN, { options: [...MSS, ...WINDOW_SCALE] }));
    expect(optionsOf(after)).toEqual([MSS, [3, 3, 0]]);
    expect(sound(after)).toBe(true);
  });

  it("moves sequence numbers on the way forth and acknowledgements on the way back by the same", () => {
    const rule = box({ kind: "shift-sequence", by: 0xffff_fffe });
    const forth = pass(rule, segment(family, SYN));
    const back = pass(rule, segment(family, SYN_ACK, { back: true }), "back");
    // 7 - 2 forth, and 8 + 2 back, which is what the sender expects plus what it does not know of.
    expect([tcp(forth).tcp.sequence, tcp(back).tcp.acknowledgement]).toEqual([5, 10]);
    expect(sound(forth) && sound(back)).toBe(true);
  });

  it("translates addresses and ports, and back, in quotes too where it restores them", () => {
    const outside = { ipv4: "203.0.113.7", ipv6: "2001:db8:ffff::7" };
    for (const restoresQuotes of [true, false]) {
      const rule = box({ kind: "translate", ...outside, firstPort: 20_000, restoresQuotes });
      const before = segment(family, SYN, { options: V1 });
      const after = pass(rule, before);
      expect(tcp(after).ip.source).toEqual(parseAddress(family === 4 ? outside.ipv4 : outside.ipv6));
      expect(tcp(after).tcp.sourcePort).toBe(20_000);
      expect(sound(after)).toBe(true);
      const quoting = icmp(family, EDGE[family === 4 ? 0 : 1], after ?? new Uint8Array(0));
      const returned = pass(rule, quoting, "back");
      expect(sound(returned)).toBe(true);
      const decoded = returned === null ? null : decodePacket(returned);
      if (decoded?.kind !== "icmp-error") throw new Error("no ICMP error");
      expect(decoded.ip.destination).toEqual(tcp(before).ip.source);
      const quoted = tcp(decoded.icmp.quote.slice());
      expect(quoted.tcp.sourcePort).toBe(restoresQuotes ? 0xf000 : 20_000);
      expect(quoted.ip.source).toEqual(restoresQuotes ? tcp(before).ip.source : tcp(after).ip.source);
    }
  });

  it("duplicates what it is to duplicate", () => {
    const aside = collect();
    const packet = segment(family, SYN);
    expect(box({ kind: "duplicate" })(packet, "forth", aside)).toEqual(packet);
    expect(aside.wentOn).toEqual([packet]);
  });

  it.each([
    ["first", [V1], []],
    ["second", [], [V1]],
    ["both", [V1], [V1]],
  ] as const)("splits data into two segments, the options in: %s", (options, first, second) => {
    const aside = collect();
    const packet = segment(family, ACK, { options: V1, payload: [10, 11, 12, 13, 14] });
    const rest = box({ kind: "split", bytes: 2, options })(packet, "forth", aside);
    const [head] = aside.wentOn;
    expect([optionsOf(head), optionsOf(rest)]).toEqual([first, second]);
    expect([...tcp(head).tcp.payload, ...tcp(rest).tcp.payload]).toEqual([10, 11, 12, 13, 14]);
    expect([tcp(head).tcp.sequence, tcp(rest).tcp.sequence]).toEqual([7, 9]);
    expect(sound(head) && sound(rest)).toBe(true);
  });

  it("shortens the quotes of its own router to the header and eight bytes, and of no other", () => {
    const rule = box({ kind: "requote", form: { bytes: 8 } });
    const quoted = segment(family, SYN, { options: MSS });
    const [edge, other] = family === 4 ? [EDGE[0], "192.0.2.77"] : [EDGE[1], "2001:2::77"];
    const short = decodePacket(pass(rule, icmp(family, edge, quoted), "back") ?? new Uint8Array(0));
    // RFC 4443 leaves IPv6 routers no such choice.
    const wanted = decodePacket(icmp(family, edge, family === 4 ? quoted.slice(0, 28) : quoted));
    expect([short.kind, "icmp" in short && short.icmp]).toEqual([wanted.kind, "icmp" in wanted && wanted.icmp]);
    expect(pass(rule, icmp(family, other, quoted), "back")).toEqual(icmp(family, other, quoted));
  });

  it("meets behaviours in order on the way forth and the other way round on the way back", () => {
    const clampThenDrop = box({ kind: "clamp-mss", mss: 1380 }, { kind: "drop", when: { options: [30] } });
    expect(optionsOf(pass(clampThenDrop, segment(family, SYN, { options: MSS })))).toEqual([[2, 4, 0x05, 0x64]]);
    expect(pass(clampThenDrop, segment(family, SYN, { options: V1 }))).toBeNull();
  });
});
