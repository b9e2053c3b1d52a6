import { formatAddress } from "../../shared/address/address.js";
import { errorMessage, UserError } from "../../shared/errors.js";
import { FIRST_SOURCE_PORT } from "../../shared/probe/fields.js";
import { FIRST_HANDSHAKE_PORT, LAST_HANDSHAKE_PORT } from "../../shared/probe/handshake-ports.js";
import type { FamilyRoute } from "./ethernet.js";
import { createOwnPackets } from "./own-packet.js";
import { createPacketQueue, type PacketQueue } from "./packet-queue.js";
import type { ReceivePort } from "./port.js";
import type { CapModule, Capture } from "./portable-modules.js";

export interface PortableReceiveOptions {
  readonly cap: CapModule;
  readonly interfaceName: string;
  readonly ipv4: FamilyRoute | null;
  readonly ipv6: FamilyRoute | null;
  /** For packets that the receive loop did not take yet, and as much again in the kernel. */
  readonly ringBytes: number;
}

/** Captures that were opened; why they are kept for ever says `Capture`. Some hundred bytes for each port. */
const opened: Capture[] = [];
/** The largest IPv4 packet. */
const MOST_BYTES = 65_535;

/**
 * Receives through libpcap, in the event loop. Packets are stamped when they come out of it, to the millisecond; how many
 * the kernel lost is not to be had, so that drops are known only when it was this program that was too slow.
 *
 * cap ends the whole process when the interface goes down under it.
 */
export function createPortableReceive(options: PortableReceiveOptions): ReceivePort {
  const { interfaceName } = options;
  const packetIn = createOwnPackets(options);
  // Let go at the end: the capture stays, and with it what its listener can reach.
  let queue: PacketQueue | null = createPacketQueue(options.ringBytes);
  let frame: Uint8Array | null = new Uint8Array(MOST_BYTES);
  let received = 0;
  let dropped = 0;
  let waiting: { readonly promise: Promise<boolean>; readonly settle: (isThere: boolean) => void } | null = null;

  const capture = new options.cap.Cap();
  opened.push(capture);
  // The listener holds `frame`, and `opened` the listener: the native code only knows where the bytes are.
  capture.on("packet", (bytes) => {
    if (frame === null || queue === null) return;
    const packet = packetIn(frame.subarray(0, bytes));
    if (packet === null) return;
    if (!queue.add(packet, Date.now() * 1000)) dropped++;
    waiting?.settle(true);
  });
  const linkType = openCapture(capture, options, frame);
  if (linkType !== "ETHERNET") {
    capture.close();
    throw new UserError(`interface ${interfaceName} is not Ethernet (${linkType})`, {
      remedy: "use an Ethernet interface; tunnels without a link layer are not supported",
      exitCode: 2,
    });
  }

  return {
    driver: "portable",
    interfaceName,
    receive(handler, budget) {
      let taken = 0;
      while (taken < budget && queue?.take(handler)) taken++;
      received += taken;
      return taken;
    },
    wait(timeoutMs) {
      if (queue === null) return Promise.resolve(false);
      if (!queue.isEmpty()) return Promise.resolve(true);
      if (waiting !== null) return waiting.promise;
      let settle: (isThere: boolean) => void = () => {};
      const promise = new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => settle(false), timeoutMs);
        settle = (isThere) => {
          clearTimeout(timer);
          waiting = null;
          resolve(isThere);
        };
      });
      waiting = { promise, settle };
      return promise;
    },
    receiveStats: () => ({ received, kernelDrops: dropped === 0 ? null : dropped }),
    close() {
      if (queue === null) return;
      queue = null;
      waiting?.settle(false);
      capture.close();
      frame = null;
    },
  };
}

function openCapture(capture: Capture, options: PortableReceiveOptions, frame: Uint8Array): string {
  const { interfaceName } = options;
  try {
    return capture.open(interfaceName, filterOf(options), options.ringBytes, frame);
  } catch (cause) {
    const what = errorMessage(cause);
    throw new UserError(`cannot capture on ${interfaceName}: ${what}`, {
      remedy: /permission|permitted/i.test(what)
        ? "run as root or give the program CAP_NET_RAW, for instance through systemd's AmbientCapabilities"
        : "check that the interface is up (`ip link`)",
      cause,
    });
  }
}

/** pcap-filter(7) of what answers our probes. */
function filterOf({ ipv4, ipv6 }: PortableReceiveOptions): string {
  const hosts = [ipv4, ipv6]
    .filter((route) => route !== null)
    .map(({ source }) => `dst host ${formatAddress(source)}`)
    .join(" or ");
  const ports = [`${FIRST_SOURCE_PORT}-65535`, `${FIRST_HANDSHAKE_PORT}-${LAST_HANDSHAKE_PORT}`];
  const toPorts = ports.map((range) => `dst portrange ${range}`).join(" or ");
  return `(${hosts}) and (icmp or icmp6 or (tcp and (${toPorts})))`;
}
