import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import koffi from "koffi";
import { createServiceManager, type ServiceEnvironment } from "../../../agent/service/systemd.js";
import { AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM_CLOEXEC } from "../../../agent/wire/constants.js";
import { createLibc } from "../../../agent/wire/libc.js";

const libc = createLibc();
const recv: (fd: number, into: Uint8Array, bytes: number, flags: number) => number = koffi
  .load(null)
  .func("intptr_t recv(int, void *, size_t, int)");

/** The socket of a service manager: `take` gives what came since the last call, a text per datagram. */
function createManagerSocket(path: string): { take(): string[]; close(): void } {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  const address = Buffer.concat([Buffer.of(AF_UNIX, 0), Buffer.from(path)]);
  if (libc.bind(fd, address, address.length) !== 0) throw new Error(`bind: errno ${libc.errno()}`);
  const into = Buffer.alloc(4_096);
  return {
    take() {
      const all: string[] = [];
      for (;;) {
        const bytes = recv(fd, into, into.length, MSG_DONTWAIT);
        if (bytes < 0) return all;
        all.push(into.toString("utf8", 0, bytes));
      }
    },
    close: () => libc.close(fd),
  };
}

describe("what systemd is told", () => {
  let folder = "";
  let close: () => void = () => undefined;
  const problems: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "parallax-notify-"));
    problems.length = 0;
  });
  afterEach(() => {
    close();
    rmSync(folder, { recursive: true });
  });

  const manager = (environment: ServiceEnvironment) => {
    const made = createServiceManager({ environment, pid: 17, report: (problem) => problems.push(problem) });
    close = () => made.close();
    return made;
  };
  const listen = (path: string) => createManagerSocket(path);

  it("is ready once, a status when it changes, and the end", () => {
    const path = join(folder, "notify");
    const socket = listen(path);
    const service = manager({ NOTIFY_SOCKET: path });
    service.begin(() => "connected,\n2 leases");
    service.ready();
    service.ready();
    service.stopping();
    expect(socket.take()).toEqual(["STATUS=connected, 2 leases", "READY=1", "STOPPING=1"]);
    expect(problems).toEqual([]);
    socket.close();
  });

  it("feeds the watchdog at least twice in its time, and not while the event loop hangs", async () => {
    const path = join(folder, "notify");
    const socket = listen(path);
    manager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000", WATCHDOG_PID: "17" }).begin(() => "works");
    expect(socket.take()).toEqual(["WATCHDOG=1\nSTATUS=works"]);
    await sleep(320);
    const fed = socket.take();
    expect(fed.length).toBeGreaterThanOrEqual(4);
    expect(new Set(fed)).toEqual(new Set(["WATCHDOG=1"]));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    expect(socket.take()).toEqual([]);
    socket.close();
  });

  it("leaves another process's watchdog alone", () => {
    const path = join(folder, "notify");
    const socket = listen(path);
    manager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000", WATCHDOG_PID: "18" }).begin(() => "works");
    expect(socket.take()).toEqual(["STATUS=works"]);
    socket.close();
  });

  it("reaches a socket in the abstract namespace", () => {
    const socket = listen(`\0parallax-test-${process.pid}`);
    manager({ NOTIFY_SOCKET: `@parallax-test-${process.pid}` }).ready();
    expect(socket.take()).toEqual(["READY=1"]);
    socket.close();
  });

  it("does not end the agent when nobody listens; it is reported once", () => {
    const service = manager({ NOTIFY_SOCKET: join(folder, "nobody") });
    service.ready();
    service.stopping();
    expect(problems).toEqual([`systemd does not listen on ${join(folder, "nobody")}`]);
    manager({ NOTIFY_SOCKET: "vsock:2:1" }).ready();
    expect(problems.at(-1)).toBe("NOTIFY_SOCKET names no socket: vsock:2:1");
  });

  it("is nothing where no service manager asked", () => {
    const service = manager({});
    service.begin(() => {
      throw new Error("nobody wants to know");
    });
    service.ready();
    expect(problems).toEqual([]);
  });
});
