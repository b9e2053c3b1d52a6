import { describe, expect, it } from "@jest/globals";
import { parseAddress } from "../../../shared/address/address.js";
import type { Behaviour } from "../../../shared/middlebox/behaviour.js";
import { createRule } from "../../../shared/middlebox/box.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import { createSynMatcher } from "../../../shared/selftest/exchange.js";
import { fidelityOf } from "../../../shared/selftest/fidelity.js";

const SECRET = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
const TESTER = parseAddress("192.0.2.1");
const REFERENCE = parseAddress("198.51.100.2");
const EXCHANGE = { secret: SECRET, ports: [80, 443], sources: [TESTER] };
/** A TSval wraps in this second. */
const FROM_MS = 2 ** 26 * 25_000 - 500;
const TO_MS = FROM_MS + 2_000;
const BOX = { routers: [] };

/** The scan's own SYNs, sent in the middle of the time. */
function syn(variant: Variant, port: number): Uint8Array {
  const builder = createProbeBuilder({
    ...{ secret: SECRET, stage: "synscan", profile: "linux", source4: TESTER, source6: null },
  });
  const into = new Uint8Array(PROBE_MAX_BYTES);
  return into.slice(0, builder.build({ address: REFERENCE, port }, variant, 64, FROM_MS + 700, into));
}

const synsTo = (port: number) => VARIANTS.map((variant) => syn(variant, port));

/** What comes through a box. */
function through(behaviour: Behaviour, packets: readonly Uint8Array[]): Uint8Array[] {
  const rule = createRule([behaviour], BOX);
  const aside = { back: () => undefined, on: () => undefined };
  return packets.map((packet) => rule(packet, "forth", aside)).filter((packet) => packet !== null);
}

function fidelity(heard: readonly Uint8Array[]) {
  const common = { reference: "ams-1", exchange: EXCHANGE, addresses: [REFERENCE] };
  return fidelityOf({ ...common, heard, fromMs: FROM_MS, toMs: TO_MS });
}

const SYNS = { direction: "forth", segment: "syn" } as const;
const both = [...synsTo(80), ...synsTo(443)];

describe("fidelity", () => {
  it("is clean when every SYN arrives as it was sent, whatever hops did to its TTL", () => {
    const behaviour: Behaviour = { kind: "set", when: SYNS, field: "ttl", value: 55 };
    const { state, changes, reason, syns } = fidelity(through(behaviour, both));
    expect({ state, changes, reason }).toEqual({ state: "clean", changes: [], reason: "" });
    expect(syns).toHaveLength(8);
    for (const { sent } of syns) expect(both).toContainEqual(sent);
  });

  const strip = { kind: "strip", when: SYNS, options: [30] } as const;
  it.each<[string, Behaviour, string[]]>([
    ["NOPs in place of the option", { ...strip, fill: "nop" }, ["tcp.option.mptcp.nop"]],
    ["the option cut out", { ...strip, fill: "cut" }, ["tcp.option.mptcp.removed"]],
    ["all timestamps cut out", { ...strip, options: [8], fill: "cut" }, ["tcp.option.ts.removed"]],
    ["a smaller MSS", { kind: "clamp-mss", mss: 1_400 }, ["tcp.option.mss.changed"]],
    ["another sequence number", { kind: "shift-sequence", by: 12_345 }, ["tcp.seq.changed"]],
    ["another DSCP", { kind: "set", when: SYNS, field: "dscp", value: 8 }, ["ip.dscp.changed"]],
    ["MPTCP SYNs dropped", { kind: "drop", when: { ...SYNS, options: [30] } }, ["tcp.option.mptcp.blocked"]],
  ])("is changed by %s, with the condition's name", (_, behaviour, changes) => {
    expect(fidelity(through(behaviour, both))).toMatchObject({ state: "changed", changes });
  });

  it("tells a rewritten source address and port from a stranger's SYN", () => {
    const behaviour: Behaviour = { kind: "translate", ipv4: "203.0.113.9", firstPort: 4_000, restoresQuotes: true };
    const translated = through(behaviour, both);
    expect(fidelity(translated)).toMatchObject({
      state: "changed",
      changes: ["ip.source.changed", "tcp.port.source.changed"],
    });
    const stranger = createSynMatcher({ ...EXCHANGE, secret: new Uint8Array(16) }, [REFERENCE]);
    expect(translated.map(stranger)).toEqual(translated.map(() => null));
  });

  it("says nothing of a port at which nothing arrived, and is unknown where nothing did", () => {
    expect(fidelity(synsTo(80))).toMatchObject({
      state: "clean",
      reason: "nothing arrived at port 443 of 198.51.100.2",
    });
    expect(fidelity([])).toMatchObject({ state: "unknown", changes: [], syns: [] });
    expect(fidelity([]).reason).toMatch(/port 80 .* port 443 .*: let TCP through to ams-1/);
  });

  it("is not misled by a timestamp that a box has put in", () => {
    const packet = syn("plain", 80);
    const at = packet.findIndex((byte, i) => i >= 40 && byte === 8 && packet[i + 1] === 10) + 2;
    packet.fill(0x5a, at, at + 4);
    const heard = [packet, ...synsTo(80).slice(0, 2), syn("unknown-option", 80)];
    expect(fidelity(heard)).toMatchObject({ state: "changed", changes: ["tcp.option.ts.changed"] });
  });
});
