import { createSimHash } from "../../../agent/sim/hash.js";
import { createSimPort } from "../../../agent/sim/port.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import type { SimWorld } from "../../../agent/sim/world.js";
import { createSystemClock } from "../../../agent/wire/clock.js";
import { parseAddress, sameAddress } from "../../../shared/address/address.js";
import { encodeTcpPacket } from "../../../shared/packet/encode.js";
import { decodeIp } from "../../../shared/packet/ip.js";
import { describePort, type LeftPacket, type OpenPortOptions, type PortUnderTest } from "../wire/port-conformance.js";

const OWN = { 4: parseAddress("192.0.2.1"), 6: parseAddress("2001:db8:9::1") } as const;
/** Who sends a packet to here gets what is to arrive. */
const BELL = { 4: parseAddress("198.18.9.9"), 6: parseAddress("2001:2:0:9::9") } as const;

/** A world of one host, next to the vantage point, that keeps what it gets and sends what it is told. */
function createRoom(families: readonly (4 | 6)[]) {
  const left: LeftPacket[] = [];
  let arriving: readonly Uint8Array[] = [];
  const answer = (packet: Uint8Array): readonly Uint8Array[] => {
    const { destination, family } = decodeIp(packet);
    if (sameAddress(destination, BELL[family])) return arriving.map((one) => one.slice());
    left.push({ header: "", packet: Buffer.from(packet).toString("hex") });
    return [];
  };
  const host = { answer, serverOn: () => "silent" as const, refuserOf: (address: Uint8Array) => address, delayUs: 10 };
  const world: SimWorld = {
    attach: () => ({
      ipv4: families.includes(4) ? OWN[4] : null,
      ipv6: families.includes(6) ? OWN[6] : null,
      pathTo: () => ({ elements: [], host }),
    }),
    truth() {
      throw new Error("nothing is measured here");
    },
  };
  return {
    world,
    left,
    tell(packets: readonly Uint8Array[]) {
      arriving = packets;
    },
  };
}

function open({ families = [4, 6], small = false }: OpenPortOptions = {}): PortUnderTest {
  const { world, left, tell } = createRoom(families);
  const port = createSimPort({ world, vantage: "here", clock: createSystemClock(), ...(small ? { queue: 50 } : {}) });
  let rings = 0;
  return {
    // What rings the bell is not the sender's.
    sender: { ...port, sendStats: () => ({ ...port.sendStats(), sent: port.sendStats().sent - rings }) },
    receiver: port,
    left: async (count) => left.splice(0, count),
    arrive(packets) {
      tell(packets);
      const family = families[0] ?? 4;
      const tcp = { sourcePort: 1, destinationPort: 1, sequence: 0, flags: 0 };
      const bell = encodeTcpPacket({ source: OWN[family], destination: BELL[family] }, tcp);
      const last = port.slots - 1;
      port.slot(last).set(bell);
      port.setLength(last, bell.length);
      rings += port.send(port.slots, last);
    },
    close: () => port.close(),
  };
}

function openNowhere(): void {
  const script = { nodes: [{ name: "here" }], links: [], routes: [], vantages: [{ name: "here", node: "here" }] };
  const world = createScriptedWorld(scriptedWorldSchema.parse(script), createSimHash(1));
  createSimPort({ world, vantage: "nowhere0", clock: createSystemClock() });
}

describePort("sim", () => ({ open, openNowhere, header: () => "", whileDown: null, destroy: () => undefined }));
