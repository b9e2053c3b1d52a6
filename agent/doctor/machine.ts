import koffi from "koffi";
import { formatAddress } from "../../shared/address/address.js";
import type { Check, Warning } from "../../shared/cli/check.js";
import { UserError } from "../../shared/errors.js";
import { needMptcpKernel } from "../timing/kernel.js";
import {
  kernelStaysSilent,
  PORTS,
  portsAreShared,
  HANDSHAKE_RULE_REMEDY as RULE_REMEDY,
} from "../verify/kernel-silence.js";
import { chooseDriver } from "../wire/choose-driver.js";
import { AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK } from "../wire/constants.js";
import type { IpCommand } from "../wire/ip-command.js";
import { createLibc } from "../wire/libc.js";
import { findMacAddress } from "../wire/neighbor.js";
import { loadPortableModules } from "../wire/portable-modules.js";
import { findRoute } from "../wire/route.js";
import { systemError } from "../wire/system-error.js";

const OLDEST_NODE = [20, 19] as const;

/** What the program itself needs of the machine. */
export function machineChecks(nodeVersion: string): Check[] {
  return [
    { name: "node", look: async () => checkNode(nodeVersion) },
    {
      name: "native calls",
      async look() {
        createLibc();
        return `koffi ${koffi.version}`;
      },
    },
    { name: "raw socket", look: async () => checkRawSocket() },
    { name: "handshakes", look: checkHandshakes },
    { name: "web timing", look: async () => checkTiming() },
    { name: "clock", look: async () => checkClock() },
  ];
}

/** Whether probes can leave by the interface; null: by that of the default route. */
export function networkChecks(interfaceName: string | null, ip: IpCommand): Check[] {
  const families = [4, 6] as const;
  const through = interfaceName === null ? {} : { interface: interfaceName };
  const checks: Check[] = families.map((family) => ({
    name: `IPv${family}`,
    async look() {
      const route = await findRoute(ip, { family, ...through });
      if (route === null) {
        return { warning: "no route", remedy: `without one no IPv${family} target is probed from here` };
      }
      const from = `${formatAddress(route.source)} on ${route.interface}`;
      if (route.nextHop === null) {
        return from;
      }
      const { interface: dev, source, nextHop } = route;
      await findMacAddress(ip, { interface: dev, address: nextHop, source });
      return `${from}, next hop ${formatAddress(nextHop)} answers`;
    },
  }));
  return [
    {
      name: "interface",
      async look() {
        const routes = await Promise.all(
          families.map((family) => findRoute(ip, { family, ...through }).catch(() => null)),
        );
        const found = routes.find((route) => route !== null);
        if (found === undefined) {
          throw new UserError(`no route leads through ${interfaceName ?? "any interface"}`, {
            remedy: "name an interface that `ip route` shows, or add a route",
          });
        }
        return found.interface;
      },
    },
    ...checks,
    { name: "driver", look: async () => describeDriver(ip, interfaceName) },
  ];
}

/** Which driver would send, and why none of the faster ones. */
async function describeDriver(ip: IpCommand, interfaceName: string | null): Promise<string> {
  const used =
    interfaceName ?? (await findRoute(ip, { family: 4 }))?.interface ?? (await findRoute(ip, { family: 6 }))?.interface;
  if (used === undefined) {
    throw new UserError("no interface to send by", { remedy: "name one in the agent's file" });
  }
  const { driver, rejected } = chooseDriver(used);
  // It would be chosen without being there.
  if (driver === "portable") loadPortableModules();
  const reasons = rejected.map((one) => `not ${one.driver}: ${one.why}`);
  return [`${driver} on ${used}`, ...reasons].join("; ");
}

function checkNode(version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new UserError(`Node.js ${version} is too old`, { remedy: `install ${OLDEST_NODE.join(".")} or newer` });
  }
  return version;
}

function checkRawSocket(): string {
  const libc = createLibc();
  const fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK, 0);
  if (fd < 0) {
    throw systemError(libc, "open a raw socket");
  }
  libc.close(fd);
  return "may be opened";
}

/** What verify needs; scanning and tracing go on without. */
async function checkHandshakes(): Promise<string | Warning> {
  if (!(await kernelStaysSilent())) {
    return { warning: `this machine's own TCP answers on ports ${PORTS}: verify cannot run`, remedy: RULE_REMEDY };
  }
  if (portsAreShared() === true) {
    return {
      warning: `ports ${PORTS} are in ip_local_port_range: other programs' connections would be cut off`,
      remedy: "set net.ipv4.ip_local_port_range to begin at 32768",
    };
  }
  return `ports ${PORTS} are kept from this machine's own TCP`;
}

/** What the timing of web pages needs; all else goes on without. */
function checkTiming(): string | Warning {
  try {
    needMptcpKernel();
    return "MPTCP connections can be made";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { warning: error.message, remedy: error.remedy };
  }
}

/** adjtimex(2) without changes; it answers TIME_ERROR while the kernel's clock is not kept by anything. */
const TIMEX_BYTES = 256;
const TIME_ERROR = 5;

function checkClock(): string | { warning: string; remedy: string } {
  const adjtimex = koffi.load(null).func("int adjtimex(void *)");
  const state: unknown = adjtimex(new Uint8Array(TIMEX_BYTES));
  if (state === TIME_ERROR || state === -1) {
    return {
      warning: "nothing keeps this machine's clock right",
      remedy: "run chrony or systemd-timesyncd: rows carry this clock's time",
    };
  }
  return "kept in time";
}
