import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import koffi from "koffi";

/** Network namespaces on this machine; the test process itself goes into one and out again. */
export interface Namespaces {
  /** Runs a program in a namespace, to its end; throws with what it printed on failure. */
  run(namespace: string, command: string): void;
  /** Calls `work` with this thread in the namespace: the sockets it opens and the programs it starts belong there. */
  inside<T>(namespace: string, work: () => T): T;
  insideAsync<T>(namespace: string, work: () => Promise<T>): Promise<T>;
  /** A listening socket for both families that nobody accepts from: the kernel does the handshakes. */
  listen(namespace: string, listener: { port: number; mptcp: boolean }): void;
  destroy(): void;
}

const CLONE_NEWNET = 0x40000000;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const IPPROTO_MPTCP = 262;

export function createNamespaces(names: readonly string[]): Namespaces {
  const libc = koffi.load(null);
  const setns: (fd: number, type: number) => number = libc.func("int setns(int, int)");
  const socket: (family: number, type: number, protocol: number) => number = libc.func("int socket(int, int, int)");
  const bind: (fd: number, address: Uint8Array, bytes: number) => number = libc.func("int bind(int, void *, uint32_t)");
  const listen: (fd: number, backlog: number) => number = libc.func("int listen(int, int)");
  const close: (fd: number) => number = libc.func("int close(int)");
  const home = openSync("/proc/thread-self/ns/net", "r");
  const sockets: number[] = [];
  const must = (result: number, what: string): number => {
    if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
    return result;
  };
  const enter = (namespace: string): void => {
    const fd = openSync(`/run/netns/${namespace}`, "r");
    must(setns(fd, CLONE_NEWNET), `enter ${namespace}`);
    closeSync(fd);
  };
  const leave = (): void => {
    must(setns(home, CLONE_NEWNET), "go home");
  };
  const remove = (): void => {
    for (const name of names) {
      try {
        execFileSync("ip", ["netns", "delete", name], { stdio: "ignore" });
      } catch {
        // It was not there.
      }
    }
  };

  remove();
  for (const name of names) execFileSync("ip", ["netns", "add", name]);

  const spaces: Namespaces = {
    run(namespace, command) {
      execFileSync("ip", ["netns", "exec", namespace, ...command.split(" ")], { stdio: ["ignore", "ignore", "pipe"] });
    },
    inside(namespace, work) {
      enter(namespace);
      try {
        return work();
      } finally {
        leave();
      }
    },
    async insideAsync(namespace, work) {
      enter(namespace);
      try {
        return await work();
      } finally {
        leave();
      }
    },
    listen(namespace, { port, mptcp }) {
      spaces.inside(namespace, () => {
        const fd = must(socket(AF_INET6, SOCK_STREAM, mptcp ? IPPROTO_MPTCP : 0), "socket");
        sockets.push(fd);
        // struct sockaddr_in6 with the unspecified address
        const address = new Uint8Array(28);
        const view = new DataView(address.buffer);
        view.setUint16(0, AF_INET6, true);
        view.setUint16(2, port, false);
        must(bind(fd, address, address.length), "bind");
        must(listen(fd, 128), "listen");
      });
    },
    destroy() {
      for (const fd of sockets) close(fd);
      remove();
      closeSync(home);
    },
  };
  return spaces;
}
