import { describe, expect, it } from "@jest/globals";
import { parseAddress } from "../../../shared/address/address.js";
import { chooseFields, listFields } from "../../../shared/zmap/fields.js";
import type { ScannedReply } from "../../../shared/zmap/reply.js";
import { icmpError, synAck } from "./replies.js";

/** All fields that the reply has, by name. */
function valuesOf(reply: ScannedReply): Record<string, unknown> {
  const entries = chooseFields("*").map((field) => [field.name, field.value(reply)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** Names of ZMap 4.3's tcp_synscan, as `zmap --list-output-fields` prints them. */
const ZMAP_NAMES = [
  ...["saddr", "saddr_raw", "daddr", "daddr_raw", "ipid", "ttl", "sport", "dport", "seqnum", "acknum", "window"],
  ...["tcpopt_mss", "tcpopt_wscale", "tcpopt_sack_perm", "tcpopt_ts_val", "tcpopt_ts_ecr", "classification", "success"],
  ...["icmp_responder", "icmp_type", "icmp_code", "icmp_unreach_str"],
  ...["repeat", "cooldown", "timestamp_str", "timestamp_ts", "timestamp_us"],
];

describe("output fields", () => {
  it("are there under every name of ZMap's TCP scan, and of the fork that scanned with options", () => {
    const names = chooseFields("*").map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(ZMAP_NAMES));
    expect(names).toEqual(
      expect.arrayContaining(["tcpmss", "tsval", "wscale", "mptcpkey", "optionshex", "optionstext"]),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(listFields()).toContain(`${name} `);
  });

  it("of a SYN/ACK hold what tcpdump reads in it", () => {
    expect(valuesOf(synAck())).toEqual({
      saddr: "198.18.0.2",
      // in_addr.s_addr of 198.18.0.2 on a little-endian machine: 0x020012c6.
      saddr_raw: 0x020012c6,
      daddr: "198.18.0.1",
      daddr_raw: 0x010012c6,
      ipid: 0,
      ttl: 64,
      classification: "synack",
      success: true,
      repeat: false,
      cooldown: false,
      timestamp_str: "2026-11-23T12:43:55.959+0000",
      timestamp_ts: 1_795_437_835,
      timestamp_us: 959_687,
      sport: 8080,
      dport: 33_946,
      seqnum: 941_851_427,
      acknum: 4_098_911_128,
      window: 65_160,
      tcpopt_mss: 1460,
      tcpopt_wscale: 1024,
      tcpopt_sack_perm: 1,
      tcpopt_ts_val: 939_967_745,
      tcpopt_ts_ecr: 2_575_779_671,
      optionshex: "0x020405b40402080a3806c501998747570103030a1e0c01813677adf2e54e3993",
      optionstext: "MSS-SACK-TS-N-WS-MPTCP-",
      tcpmss: 1460,
      wscale: 10,
      tsval: 939_967_745,
      tsecr: 2_575_779_671,
      tsdiff: 1,
      mptcpkey: "0x3677adf2e54e3993",
      mptcpdiff: 1,
      variant: "v1",
      verdict: "claims-v1",
      receiver_key: "3677adf2e54e3993",
      rtt_us: 412,
      target_port: 8080,
      index: 7,
      tcp_flags: 18,
    });
  });

  it("of a SYN/ACK without options have none of theirs, but ZMap's fork has zeros", () => {
    const values = valuesOf(synAck({ options: new Uint8Array(0), receiverKey: null, verdict: "plain" }));
    for (const name of ["tcpopt_mss", "tcpopt_wscale", "tcpopt_sack_perm", "tcpopt_ts_val"])
      expect(values).not.toHaveProperty(name);
    expect(values).toMatchObject({ optionshex: "0x", optionstext: "", tcpmss: 0, wscale: 0, tsval: 0, tsdiff: 1 });
    expect(values).toMatchObject({ mptcpkey: "--", mptcpdiff: 0 });
  });

  it("of a refusal call it rst and no success", () => {
    expect(valuesOf(synAck({ verdict: "rst" }))).toMatchObject({ classification: "rst", success: false, sport: 8080 });
  });

  it("of an ICMP error name the probed address, the router and what it says; no TCP field is there", () => {
    const values = valuesOf(icmpError());
    expect(values).toMatchObject({
      saddr: "198.18.0.2",
      classification: "icmp",
      success: false,
      icmp_responder: "203.0.113.1",
      icmp_type: 3,
      icmp_code: 13,
      icmp_unreach_str: "communication admin. prohibited",
      target_port: 8080,
      icmp_quote: "45000014",
    });
    for (const name of ["sport", "dport", "seqnum", "window", "optionshex", "tcp_flags"])
      expect(values).not.toHaveProperty(name);
  });

  it("put codes of ICMPv6 in its own words, codes without words as unknown, and other types not at all", () => {
    const router = { responder: parseAddress("2001:db8::1") };
    expect(valuesOf(icmpError({ ...router, icmpType: 1, icmpCode: 4 })).icmp_unreach_str).toBe("port unreachable");
    expect(valuesOf(icmpError({ icmpCode: 99 })).icmp_unreach_str).toBe("unknown");
    expect(valuesOf(icmpError({ icmpType: 11, icmpCode: 0 }))).not.toHaveProperty("icmp_unreach_str");
  });

  it("say when the scan was only waiting", () => {
    expect(valuesOf(synAck({}, true)).cooldown).toBe(true);
  });

  it("print IPv6 addresses, which have no integer form", () => {
    const values = valuesOf(synAck({ target: parseAddress("2001:db8::7") }));
    expect(values.saddr).toBe("2001:db8::7");
    expect(values).not.toHaveProperty("saddr_raw");
  });
});

describe("the choice of fields", () => {
  it("keeps the order asked for, each once, and the names as they were written", () => {
    const names = chooseFields("sport, saddr,timestamp-ts,sport").map(({ name }) => name);
    expect(names).toEqual(["sport", "saddr", "timestamp-ts"]);
    expect(chooseFields("timestamp-us")[0]?.value(synAck())).toBe(959_687);
  });

  it("leaves other forms of the same thing out by default", () => {
    const names = chooseFields(undefined).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["saddr", "sport", "optionshex", "variant", "verdict"]));
    expect(names).not.toContain("saddr_raw");
  });

  it("names a field that does not exist, and where to look", () => {
    expect(() => chooseFields("saddr,sprot")).toThrow(
      expect.objectContaining({
        message: '--output-fields: there is no field "sprot"',
        remedy: "see parallax-agent scan --list-output-fields",
        exitCode: 2,
      }),
    );
  });
});
