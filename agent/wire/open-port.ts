import { ETH_P_ALL } from "./constants.js";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ethernetHeaders } from "./ethernet.js";
import { replyFilter } from "./filter.js";
import { interfaceFacts } from "./interface.js";
import { createLibc } from "./libc.js";
import { createPacketLink } from "./packet-link.js";
import { createPacketPort } from "./packet-port.js";
import type { PortPlan } from "./plan-port.js";
import { BATCH_PACKETS, type PacketPort, type SendPort } from "./port.js";
import { loadPortableModules } from "./portable-modules.js";
import { createPortablePort, createPortableSendPort, type PortablePortOptions } from "./portable-port.js";
import { createXdpPort } from "./xdp-port.js";
import { openXdpSocket } from "./xdp-socket.js";

export interface OpenSendOptions {
  /** Hardware queue, for a driver that knows them. */
  readonly queue?: number;
  /** Where the frames are to lie: SEND_FRAME_BYTES from a whole page on. By default memory of the port's own. */
  readonly memory?: Uint8Array;
}

/** Opens the sending half, in the thread that calls; `portable` in the main thread only. Throws UserError. */
export function openSendPort(plan: PortPlan, { queue = 0, memory }: OpenSendOptions = {}): SendPort {
  switch (plan.driver) {
    case "xdp":
      return openXdp(plan, queue, memory);
    case "packet":
      return openPacket(plan, 0, memory);
    case "portable":
      return createPortableSendPort(portableOptions(plan));
  }
}

/** Opens both halves; `xdp` only sends, so that its packets come and go as with `packet` here. Throws UserError. */
export function openPacketPort(plan: PortPlan): PacketPort {
  return plan.driver === "portable" ? createPortablePort(portableOptions(plan)) : openPacket(plan, plan.ringBytes);
}

/** More than any probe needs; slots of 2 KiB would all begin in the same few sets of the processor's caches. */
const SLOT_BYTES = 256;

function openPacket(plan: PortPlan, ringBytes: number, memory?: Uint8Array): PacketPort {
  // A socket for all types is in the way of each frame that leaves, if only to be passed over.
  const etherType = plan.ipv6 === null ? ETHERTYPE_IPV4 : plan.ipv4 === null ? ETHERTYPE_IPV6 : ETH_P_ALL;
  const link = createPacketLink({
    interface: plan.interface,
    etherType,
    filter: replyFilter(),
    ignoreOutgoing: true,
    ringBytes,
    slotBytes: SLOT_BYTES,
    slots: BATCH_PACKETS,
    ...(memory === undefined ? {} : { memory }),
  });
  return createPacketPort({ link, ipv4: plan.ipv4, ipv6: plan.ipv6 });
}

function portableOptions(plan: PortPlan): PortablePortOptions {
  const libc = createLibc();
  interfaceFacts(libc, plan.interface);
  const { interface: interfaceName, ipv4, ipv6, ringBytes } = plan;
  const modules = loadPortableModules();
  return { modules, interfaceName, ipv4, ipv6, ringBytes, slots: BATCH_PACKETS, slotBytes: SLOT_BYTES };
}

/** Half of them for the batch that is being filled: few enough to stay in the processor's cache. */
const XDP_FRAMES = 2 * BATCH_PACKETS;
/** Room for the longest probe and its link header: two cache lines. */
const FRAME_BYTES = 128;
/** What a send port needs for its frames, whatever the driver: that of `packet` has two batches, too. */
export const SEND_FRAME_BYTES = 2 * BATCH_PACKETS * SLOT_BYTES;

function openXdp(plan: PortPlan, queue: number, memory?: Uint8Array): SendPort {
  const libc = createLibc();
  const { index, macAddress } = interfaceFacts(libc, plan.interface);
  const socket = openXdpSocket(libc, {
    interfaceIndex: index,
    queue,
    zeroCopy: plan.zeroCopy,
    frames: XDP_FRAMES,
    frameBytes: FRAME_BYTES,
    ringSize: XDP_FRAMES,
    ...(memory === undefined ? {} : { memory }),
  });
  return createXdpPort({
    libc,
    socket,
    interfaceName: plan.interface,
    headers: ethernetHeaders(plan, macAddress),
    frameBytes: FRAME_BYTES,
    slots: BATCH_PACKETS,
  });
}
