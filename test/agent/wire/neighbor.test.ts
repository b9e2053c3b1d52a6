import { describe, expect, it } from "@jest/globals";
import { macInArpReply } from "../../../agent/wire/arp.js";
import type { IpCommand } from "../../../agent/wire/ip-command.js";
import { findMacAddress } from "../../../agent/wire/neighbor.js";
import { macInAdvertisement } from "../../../agent/wire/neighbor-discovery.js";
import { parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { encodeIpPacket } from "../../../shared/packet/encode.js";
import { verifyChecksums } from "../../../shared/packet/verify.js";
import { createMemoryLink } from "./memory-link.js";

const ROUTER4 = parseAddress("192.0.2.254");
const ROUTER6 = parseAddress("fe80::fe");
const ROUTER_MAC = "0200000000fe";
/** RFC 826: Ethernet, IPv4, lengths, reply; the router's addresses, then ours. */
const ARP_REPLY = `020000000001${ROUTER_MAC}08060001080006040002${ROUTER_MAC}c00002fe020000000001c0000209`;

/** What `ip -json` of iproute2 6.1 prints of an interface with two IPv4 networks and a link-local address. */
function ipWith(more: Readonly<Record<string, readonly unknown[]>> = {}): IpCommand {
  const answers: Readonly<Record<string, readonly unknown[]>> = {
    "-4 address show dev eth0": [
      {
        ifname: "eth0",
        addr_info: [
          { local: "198.51.100.1", scope: "global", prefixlen: 24 },
          { local: "192.0.2.9", scope: "global", prefixlen: 24 },
        ],
      },
    ],
    "-6 address show dev eth0": [{ ifname: "eth0", addr_info: [{ local: "fe80::9", scope: "link", prefixlen: 64 }] }],
    ...more,
  };
  return (args) => Promise.resolve(answers[args.join(" ")] ?? []);
}

/** A link on which the question that is `answerTo`th gets these frames. */
function linkWith(frames: readonly Uint8Array[], answerTo = 1) {
  const link = createMemoryLink();
  const send = link.send.bind(link);
  let closed = 0;
  const open = {
    ...link,
    send(count: number) {
      const taken = send(count);
      if (link.sent.length === answerTo) for (const frame of frames) link.deliver(frame);
      return taken;
    },
    close() {
      closed++;
    },
  };
  return { sent: link.sent, openLink: () => open, closed: () => closed };
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function hex(frame: Uint8Array | undefined): string {
  return Buffer.from(frame ?? []).toString("hex");
}

interface Advertisement {
  hopLimit?: number;
  target?: string;
  options?: string;
  code?: number;
}

/** RFC 4861 section 4.4: flags router, solicited, override. */
function advertisement({
  hopLimit = 255,
  target = "fe80::fe",
  options = `0201${ROUTER_MAC}`,
  code = 0,
}: Advertisement = {}) {
  const message = bytes(`88${hex(Uint8Array.of(code))}0000e0000000${hex(parseAddress(target))}${options}`);
  const ip = { source: ROUTER6, destination: parseAddress("fe80::9"), ttl: hopLimit };
  return bytes(`020000000001${ROUTER_MAC}86dd${hex(encodeIpPacket(ip, 58, message, 2))}`);
}

const query4 = { interface: "eth0", address: ROUTER4, source: parseAddress("198.51.100.1") };
const query6 = { interface: "eth0", address: ROUTER6, source: parseAddress("2001:db8::9") };

describe("neighbour", () => {
  it("is asked for its MAC address by ARP, from the address that lies in its network", async () => {
    const { sent, openLink, closed } = linkWith([bytes(ARP_REPLY)]);
    expect(hex(await findMacAddress(ipWith(), query4, { openLink }))).toBe(ROUTER_MAC);
    expect(sent.map(hex)).toEqual([
      "ffffffffffff0200000000010806" + "0001080006040001" + "020000000001c0000209" + "000000000000c00002fe",
    ]);
    expect(closed()).toBe(1);
  });

  it("is asked by ARP from the packets' own source address where the interface has none in its network", async () => {
    const { sent, openLink } = linkWith([bytes(ARP_REPLY)]);
    const ip = ipWith({ "-4 address show dev eth0": [] });
    await findMacAddress(ip, query4, { openLink });
    expect(hex(sent[0]).slice(56, 64)).toBe("c6336401");
  });

  it("is asked for its MAC address by neighbour discovery, from the link-local address", async () => {
    const { sent, openLink } = linkWith([advertisement()]);
    expect(hex(await findMacAddress(ipWith(), query6, { openLink }))).toBe(ROUTER_MAC);
    const [frame = new Uint8Array(0)] = sent;
    const [own, group, target] = ["fe80::9", "ff02::1:ff00:fe", "fe80::fe"].map((text) => hex(parseAddress(text)));
    expect(hex(frame.subarray(0, 54))).toBe(`3333ff0000fe02000000000186dd${"60000000" + "00203aff"}${own}${group}`);
    expect(hex(frame.subarray(54, 56))).toBe("8700");
    expect(hex(frame.subarray(58))).toBe(`00000000${target}0101020000000001`);
    expect(verifyChecksums(frame.subarray(14))).toEqual({ ip: null, transport: true });
  });

  it("is asked again when it does not answer, and named after the last time", async () => {
    const second = linkWith([bytes(ARP_REPLY)], 2);
    expect(hex(await findMacAddress(ipWith(), query4, { openLink: second.openLink, waitMs: 5 }))).toBe(ROUTER_MAC);
    expect(second.sent).toHaveLength(2);
    const never = linkWith([]);
    const failing = findMacAddress(ipWith(), query4, { openLink: never.openLink, waitMs: 5, attempts: 3 });
    await expect(failing).rejects.toThrow(UserError);
    await expect(failing).rejects.toThrow("the next hop 192.0.2.254 on eth0 does not answer");
    expect(never.sent).toHaveLength(3);
    expect(never.closed()).toBe(1);
  });

  it("is not asked when an administrator has entered its MAC address", async () => {
    const entered = { dst: "192.0.2.254", lladdr: "02:00:00:00:00:fe", state: ["PERMANENT"] };
    const openLink = () => {
      throw new Error("not needed");
    };
    const ip = ipWith({ "neighbor show 192.0.2.254 dev eth0": [entered] });
    expect(hex(await findMacAddress(ip, query4, { openLink }))).toBe(ROUTER_MAC);
  });

  it("is asked whatever the kernel has learned of it", async () => {
    const learned = { dst: "192.0.2.254", lladdr: "02:00:00:00:00:aa", state: ["STALE"] };
    const { openLink } = linkWith([bytes(ARP_REPLY)]);
    const ip = ipWith({ "neighbor show 192.0.2.254 dev eth0": [learned] });
    expect(hex(await findMacAddress(ip, query4, { openLink }))).toBe(ROUTER_MAC);
  });

  it("cannot have the MAC address of a group", async () => {
    const { openLink } = linkWith([bytes(ARP_REPLY.replace(`0002${ROUTER_MAC}`, "0002010000000001"))]);
    const asking = findMacAddress(ipWith(), query4, { openLink, waitMs: 5, attempts: 1 });
    await expect(asking).rejects.toThrow("does not answer");
  });
});

describe("ARP reply", () => {
  it.each([
    ["a request", ARP_REPLY.replace("06040002", "06040001")],
    ["a reply of somebody else", ARP_REPLY.replace("c00002fe", "c00002fd")],
    ["another protocol than IPv4", ARP_REPLY.replace("00010800", "000186dd")],
    ["another EtherType", ARP_REPLY.replace("08060001", "08000001")],
    ["a stump", ARP_REPLY.slice(0, 80)],
    ["an empty frame", ""],
  ])("is not %s", (_name, text) => {
    expect(text).not.toBe(ARP_REPLY);
    expect(macInArpReply(bytes(text), ROUTER4)).toBeNull();
  });

  it("may be padded", () => {
    expect(hex(macInArpReply(bytes(`${ARP_REPLY}${"00".repeat(18)}`), ROUTER4) ?? undefined)).toBe(ROUTER_MAC);
  });
});

describe("neighbour advertisement", () => {
  it("may have other options before the MAC address", () => {
    const frame = advertisement({ options: `0e01000000000000${"0201"}${ROUTER_MAC}` });
    expect(hex(macInAdvertisement(frame, ROUTER6) ?? undefined)).toBe(ROUTER_MAC);
  });

  it.each<[string, Uint8Array]>([
    ["one that was forwarded", advertisement({ hopLimit: 254 })],
    ["one of another neighbour", advertisement({ target: "fe80::fd" })],
    ["one with a code", advertisement({ code: 1 })],
    ["one without a MAC address", advertisement({ options: "" })],
    ["one with an option of no length", advertisement({ options: `0e00000000000000${"0201"}${ROUTER_MAC}` })],
    ["one with an option that is longer than the message", advertisement({ options: `0202${ROUTER_MAC}` })],
    ["one with a wrong checksum", advertisement().map((byte, i) => (i === 56 ? byte ^ 1 : byte))],
    ["a stump", advertisement().subarray(0, 70)],
    ["an empty frame", new Uint8Array(0)],
  ])("is not %s", (_name, frame) => {
    expect(macInAdvertisement(frame, ROUTER6)).toBeNull();
  });
});
