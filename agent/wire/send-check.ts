import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../shared/errors.js";
import { encodeIpPacket } from "../../shared/packet/encode.js";
import type { FamilyRoute } from "./ethernet.js";
import { interfaceFacts } from "./interface.js";
import { createLibc } from "./libc.js";
import { openSendPort } from "./open-port.js";
import type { PortPlan } from "./plan-port.js";
import type { SendPort } from "./port.js";

/** "Use for experimentation" (RFC 3692): nobody answers it. */
const PROTOCOL_EXPERIMENT = 253;
/** How long a device may be busy, and how long a packet may take to be counted. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 5;

/**
 * Sends one packet of each family by the plan's driver, from this machine to itself: the frame bears our own MAC address on
 * both sides, so that no switch passes it on (`portable` leaves it to the kernel, which keeps it here).
 *
 * To be called while no other port is open on the interface: `xdp` wants its queue for itself.
 * @throws UserError when it does not leave
 */
export async function checkSending(plan: PortPlan, openPort: typeof openSendPort = openSendPort): Promise<void> {
  const { macAddress } = interfaceFacts(createLibc(), plan.interface);
  const toSelf = (route: FamilyRoute | null) => (route === null ? null : { ...route, nextHopMac: macAddress });
  const port = openPort({ ...plan, ipv4: toSelf(plan.ipv4), ipv6: toSelf(plan.ipv6) });
  try {
    const routes = [plan.ipv4, plan.ipv6].filter((route) => route !== null);
    for (const [i, { source }] of routes.entries()) {
      const packet = encodeIpPacket({ source, destination: source, ttl: 1 }, PROTOCOL_EXPERIMENT, new Uint8Array(4), 2);
      await sendOne(port, packet);
      await untilCounted(port, i + 1);
    }
  } finally {
    port.close();
  }
}

async function sendOne(port: SendPort, packet: Uint8Array): Promise<void> {
  port.slot(0).set(packet);
  port.setLength(0, packet.length);
  for (const until = performance.now() + PATIENCE_MS; port.send(1) === 0; await sleep(LOOK_MS)) {
    if (performance.now() > until) throw notSent(port, "the device stays busy");
  }
}

async function untilCounted(port: SendPort, packets: number): Promise<void> {
  for (const until = performance.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const { sent, sendErrors } = port.sendStats();
    if (sendErrors > 0) throw notSent(port, "the kernel refuses it");
    if (sent >= packets) return;
    if (performance.now() > until) throw notSent(port, "it never leaves");
  }
}

function notSent(port: SendPort, why: string): UserError {
  return new UserError(`a packet cannot be sent on ${port.interfaceName} by the driver ${port.driver}: ${why}`, {
    remedy: "check that the interface is up, or name another driver in the agent's file",
  });
}
