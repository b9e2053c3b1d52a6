import { createLibc } from "../wire/libc.js";
import { NO_SERVICE_MANAGER, type ServiceManager } from "./manager.js";
import { openNotifySocket } from "./notify-socket.js";

/**
 * An environment. In that of a service of `Type=notify` systemd says NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID
 * (sd_notify(3), sd_watchdog_enabled(3)).
 */
export type ServiceEnvironment = Readonly<Record<string, string | undefined>>;

export interface SystemdOptions {
  readonly environment: ServiceEnvironment;
  readonly pid: number;
  /** Told once when systemd does not listen. */
  readonly report: (problem: string) => void;
}

/** How often people get a new status where there is no watchdog, and at most else. */
const STATUS_MS = 5_000;

/** Tells systemd, if it started this process and wants to be told. */
export function createServiceManager({ environment, pid, report }: SystemdOptions): ServiceManager {
  const { NOTIFY_SOCKET: name = "" } = environment;
  if (name === "") return NO_SERVICE_MANAGER;
  const socket = openNotifySocket(createLibc(), name);
  if (socket === null) {
    report(`NOTIFY_SOCKET names no socket: ${name}`);
    return NO_SERVICE_MANAGER;
  }
  const watchdogMs = watchdogOf(environment, pid);
  let timer: NodeJS.Timeout | undefined;
  let [isReady, isHeard, told] = [false, true, ""];
  const send = (...lines: string[]): void => {
    const arrived = socket.send(lines.join("\n"));
    if (!arrived && isHeard) report(`systemd does not listen on ${name}`);
    isHeard = arrived;
  };
  return {
    begin(status) {
      const tell = (): void => {
        const line = status().replace(/\s+/g, " ");
        const lines = watchdogMs === null ? [] : ["WATCHDOG=1"];
        if (line !== told) lines.push(`STATUS=${line}`);
        told = line;
        if (lines.length > 0) send(...lines);
      };
      tell();
      timer = setInterval(tell, watchdogMs === null ? STATUS_MS : Math.min(STATUS_MS, watchdogMs / 2));
    },
    ready() {
      if (!isReady) send("READY=1");
      isReady = true;
    },
    stopping: () => send("STOPPING=1"),
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}

/** Milliseconds within which the watchdog is to be fed; null: there is none, or it is for another process. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceEnvironment, pid: number): number | null {
  const ms = Number(WATCHDOG_USEC ?? "") / 1_000;
  if (!(ms > 0)) return null;
  return WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid) ? ms : null;
}
