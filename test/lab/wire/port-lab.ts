import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { chooseDriver } from "../../../agent/wire/choose-driver.js";
import type { Link } from "../../../agent/wire/link.js";
import { openPacketPort, openSendPort } from "../../../agent/wire/open-port.js";
import { createPacketLink } from "../../../agent/wire/packet-link.js";
import type { PortPlan } from "../../../agent/wire/plan-port.js";
import type { RealDriver } from "../../../agent/wire/port.js";
import { loadPortableModules } from "../../../agent/wire/portable-modules.js";
import { parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import type { LeftPacket, OpenPortOptions, PortLab, PortUnderTest } from "../../agent/wire/port-conformance.js";
import { createNamespaces, type Namespaces } from "./namespaces.js";

const HERE = "px8-here";
const THERE = "px8-there";
const HEADER = 14;
/** Where packets of the tests go, as they begin: 198.18.1.0/24 and 2001:2:0:1::/64. */
const PROBED = { "0800": "c61201", "86dd": "2001000200000001" } as const;

/** Why a driver cannot be tested on this machine; null when it can. */
export function whyNotHere(driver: RealDriver): string | null {
  if (driver !== "portable") return chooseDriver("lo").rejected.find((one) => one.driver === driver)?.why ?? null;
  try {
    loadPortableModules();
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** Ports of a real driver on one end of a link between two namespaces, with a raw link on the other end. */
export function createPortLab(driver: RealDriver): PortLab {
  const namespaces = createNamespaces([HERE, THERE]);
  connect(namespaces);
  const mac = { here: macOf(HERE), there: macOf(THERE) };

  const planOf = ({ families = [4, 6], small = false }: OpenPortOptions, interfaceName = "up0"): PortPlan => {
    const nextHopMac = Uint8Array.from(Buffer.from(mac.there, "hex"));
    const routeTo = (source: string) => ({ source: parseAddress(source), nextHopMac });
    return {
      driver,
      sendingThreads: 1,
      interface: interfaceName,
      ipv4: families.includes(4) ? routeTo("192.0.2.1") : null,
      ipv6: families.includes(6) ? routeTo("2001:db8:9::1") : null,
      ringBytes: small ? 1 << 19 : 8 << 20,
      zeroCopy: false,
    };
  };

  return {
    open(options = {}) {
      const plan = planOf(options);
      const far = namespaces.inside(THERE, () => createPacketLink({ interface: "up0", ignoreOutgoing: true }));
      const both = namespaces.inside(HERE, () => openPacketPort(plan));
      // The half of xdp that receives is that of packet.
      const sender = driver === "xdp" ? namespaces.inside(HERE, () => openSendPort(plan)) : both;
      expectDriver(sender.driver, driver);
      const watch = watchLink(far);
      return {
        sender,
        receiver: both,
        left: (count, timeoutMs = 3000) => watch.take(count, timeoutMs),
        arrive: (packets) => deliver(far, packets, `${mac.here}${mac.there}`),
        close() {
          sender.close();
          both.close();
          watch.close();
        },
      } satisfies PortUnderTest;
    },
    openNowhere: () => namespaces.inside(HERE, () => openSendPort(planOf({}, "nowhere0")).close()),
    header: (family) => `${mac.there}${mac.here}${family === 4 ? "0800" : "86dd"}`,
    async whileDown(work) {
      await namespaces.insideAsync(HERE, async () => {
        const sender = openSendPort(planOf({ families: [4] }));
        execFileSync("ip", ["link", "set", "up0", "down"]);
        try {
          await work(sender);
        } finally {
          sender.close();
          execFileSync("ip", ["link", "set", "up0", "up"]);
        }
      });
      routes(namespaces);
    },
    destroy: () => namespaces.destroy(),
  };
}

function expectDriver(opened: string, wanted: RealDriver): void {
  if (opened !== wanted) throw new Error(`opened ${opened} for ${wanted}`);
}

function connect(namespaces: Namespaces): void {
  for (const name of [HERE, THERE]) {
    namespaces.run(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
    // An interface that goes down keeps its addresses.
    namespaces.run(name, "sysctl -qw net.ipv6.conf.default.keep_addr_on_down=1 net.ipv6.conf.all.keep_addr_on_down=1");
  }
  namespaces.run(HERE, `ip link add up0 type veth peer name up0 netns ${THERE}`);
  for (const [name, end] of [
    [HERE, 1],
    [THERE, 2],
  ] as const) {
    namespaces.run(name, `ip address add 192.0.2.${end}/24 dev up0`);
    namespaces.run(name, `ip address add 2001:db8:9::${end}/64 dev up0 nodad`);
    namespaces.run(name, "ip link set up0 up");
  }
  // Nobody there has anything to say to what comes, neither to probes nor to what this kernel thinks of answers.
  for (const block of ["198.18.0.0/15", "2001:2::/48"]) namespaces.run(THERE, `ip route add blackhole ${block}`);
  routes(namespaces);
}

function routes(namespaces: Namespaces): void {
  namespaces.run(HERE, "ip route replace default via 192.0.2.2");
  namespaces.run(HERE, "ip -6 route replace default via 2001:db8:9::2");
}

function macOf(namespace: string): string {
  const shown = execFileSync("ip", ["-n", namespace, "-json", "link", "show", "dev", "up0"], { encoding: "utf8" });
  const [link] = JSON.parse(shown) as [{ address: string }];
  return link.address.replaceAll(":", "");
}

interface LinkWatch {
  take(count: number, timeoutMs: number): Promise<LeftPacket[]>;
  close(): void;
}

/**
 * Reads what comes out of the link from now on until it is closed. The ring gives up a block after 2 ms, however little
 * is in it, so a slow sender's packets fill it within 64 ms when nobody reads.
 */
function watchLink(link: Link): LinkWatch {
  const found: LeftPacket[] = [];
  let failed: unknown = null;
  let closed = false;
  const read = async (): Promise<void> => {
    while (!closed) {
      if (await link.wait(100)) link.receive((frame) => note(Buffer.from(frame).toString("hex")), 100);
    }
  };
  const note = (hex: string): void => {
    const type = hex.slice(24, 28);
    if (type !== "0800" && type !== "86dd") return;
    const packet = hex.slice(HEADER * 2);
    if (packet.slice(type === "0800" ? 32 : 48).startsWith(PROBED[type]) && !isReset(packet)) {
      found.push({ header: hex.slice(0, HEADER * 2), packet });
    }
  };
  read().catch((error: unknown) => {
    failed = error;
  });
  return {
    async take(count, timeoutMs) {
      const untilMs = performance.now() + timeoutMs;
      while (failed === null && found.length < count && performance.now() < untilMs) await pause(1);
      if (failed !== null) throw failed;
      return found.splice(0);
    },
    close() {
      closed = true;
      link.close();
    },
  };
}

/** The kernel's own word on answers that nobody there waits for. */
function isReset(packet: string): boolean {
  const flagsAt = (packet.startsWith("4") ? 20 : 40) + 13;
  return (Number.parseInt(packet.slice(flagsAt * 2, flagsAt * 2 + 2), 16) & 4) !== 0;
}

/** Ethernet pads what is shorter. */
const SHORTEST_FRAME = 60;

function deliver(link: Link, packets: readonly Uint8Array[], macs: string): void {
  for (const [slot, packet] of packets.entries()) {
    const type = (packet[0] ?? 0) >>> 4 === 4 ? "0800" : "86dd";
    const frame = Buffer.alloc(Math.max(SHORTEST_FRAME, HEADER + packet.length), 0xee);
    frame.write(`${macs}${type}`, "hex");
    frame.set(packet, HEADER);
    link.slot(slot).set(frame);
    link.setLength(slot, frame.length);
  }
  for (let sent = 0; sent < packets.length; ) sent += link.send(packets.length, sent);
}
