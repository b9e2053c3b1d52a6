import { describe, expect, it } from "@jest/globals";
import type { PortPlan } from "../../../agent/wire/plan-port.js";
import type { SendPort } from "../../../agent/wire/port.js";
import { checkSending } from "../../../agent/wire/send-check.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { decodeIp } from "../../../shared/packet/ip.js";

const ROUTER = Uint8Array.of(2, 0, 0, 0, 0, 1);
const PLAN: PortPlan = {
  ...{ driver: "packet", sendingThreads: 1, interface: "lo", ringBytes: 0, zeroCopy: false },
  ipv4: { source: parseAddress("192.0.2.1"), nextHopMac: ROUTER },
  ipv6: { source: parseAddress("2001:db8::1"), nextHopMac: ROUTER },
};

/** A port that counts what it is given as `count` says. */
function createPort(count: (given: number) => { taken: number; sent: number; sendErrors: number }) {
  const packets: Uint8Array[] = [];
  const slot = new Uint8Array(256);
  let length = 0;
  let isClosed = false;
  const stats = { sent: 0, sendErrors: 0 };
  const port: Pick<SendPort, "driver" | "interfaceName" | "slot" | "setLength" | "send" | "sendStats" | "close"> = {
    ...{ driver: "packet", interfaceName: "lo", slot: () => slot },
    setLength(_, bytes) {
      length = bytes;
    },
    send() {
      const { taken, ...counted } = count(packets.length + 1);
      if (taken > 0) packets.push(slot.slice(0, length));
      Object.assign(stats, counted);
      return taken;
    },
    sendStats: () => stats,
    close() {
      isClosed = true;
    },
  };
  return { port: port as SendPort, packets, isClosed: () => isClosed };
}

describe("the check that packets leave", () => {
  it("sends one of each family from this machine to itself, in frames that no switch passes on", async () => {
    const { port, packets, isClosed } = createPort((given) => ({ taken: 1, sent: given, sendErrors: 0 }));
    const plans: PortPlan[] = [];
    await checkSending(PLAN, (plan) => {
      plans.push(plan);
      return port;
    });
    const ends = packets.map(decodeIp).map(({ source, destination }) => [source, destination].map(formatAddress));
    expect(ends).toEqual([
      ["192.0.2.1", "192.0.2.1"],
      ["2001:db8::1", "2001:db8::1"],
    ]);
    // The loopback interface's own hardware address.
    expect(plans.map(({ ipv4, ipv6 }) => [ipv4?.nextHopMac, ipv6?.nextHopMac])).toEqual([
      [new Uint8Array(6), new Uint8Array(6)],
    ]);
    expect(isClosed()).toBe(true);
  });

  it.each([
    ["the device never takes it", { taken: 0, sent: 0, sendErrors: 0 }, "the device stays busy"],
    ["the kernel refuses it", { taken: 1, sent: 0, sendErrors: 1 }, "the kernel refuses it"],
    ["it is taken and never leaves", { taken: 1, sent: 0, sendErrors: 0 }, "it never leaves"],
  ])("fails with a remedy when %s", async (_, counted, why) => {
    const { port, isClosed } = createPort(() => counted);
    const failure = await checkSending(PLAN, () => port).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).line).toMatch(
      new RegExp(`cannot be sent on lo by the driver packet: ${why}; .*driver`),
    );
    expect(isClosed()).toBe(true);
  });
});
