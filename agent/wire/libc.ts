import koffi from "koffi";

/**
 * The few libc calls that raw sockets need, through koffi. Memory goes in as typed arrays or as addresses; nothing here
 * keeps a reference, so a caller whose buffer the kernel goes on using (frames, a filter) must keep it alive.
 */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, bytes: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, bytes: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, bytes: Uint32Array): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  mmap(
    address: bigint | null,
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): number | bigint;
  /** Less than 2 GiB. */
  send(fd: number, data: Uint8Array | null, bytes: number, flags: number): number;
  sendto(
    fd: number,
    data: Uint8Array | null,
    bytes: number,
    flags: number,
    address: Uint8Array | null,
    addressBytes: number,
  ): number;
  close(fd: number): number;
  /** `errno` of the last call that returned -1. */
  errno(): number;
  /** The symbolic name of an error number, such as `EPERM`. */
  errorName(errno: number): string;
  /** Address of the memory of a typed array of more than 64 bytes (smaller ones may be moved by the collector). */
  addressOf(memory: Uint8Array): bigint;
  /** Memory at an address as bytes. It must stay mapped for ever: the view cannot be taken back. */
  view(address: bigint, bytes: number): Uint8Array;
  /** Watches a descriptor through the event loop; no thread is needed. */
  poll(fd: number): Poll;
}

/** Level-triggered readiness of one descriptor. Close it before the descriptor. */
interface Poll {
  start(onReadable: () => void): void;
  stop(): void;
  close(): void;
}

/** Binds the calls in the running process's own libc (glibc or musl). Linux on a 64-bit little-endian machine. */
export function createLibc(): Libc {
  const library = koffi.load(null);
  const names = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));
  return {
    socket: library.func("int socket(int, int, int)"),
    bind: library.func("int bind(int, const void *, uint32_t)"),
    setsockopt: library.func("int setsockopt(int, int, int, const void *, uint32_t)"),
    getsockopt: library.func("int getsockopt(int, int, int, void *, void *)"),
    ioctl: library.func("int ioctl(int, unsigned long, void *)"),
    mmap: library.func("uintptr_t mmap(void *, size_t, int, int, int, int64_t)"),
    send: library.func("int send(int, const void *, size_t, int)"),
    sendto: library.func("intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)"),
    close: library.func("int close(int)"),
    errno: () => koffi.errno(),
    errorName: (errno) => names.get(errno) ?? `errno ${errno}`,
    addressOf: (memory) => koffi.address(memory),
    view: (address, bytes) => new Uint8Array(koffi.view(address, bytes)),
    poll: (fd) => {
      const handle = koffi.node.poll(fd, { readable: true }, () => {});
      handle.stop();
      return {
        start: (onReadable) => handle.start({ readable: true }, onReadable),
        stop: () => handle.stop(),
        close: () => handle.close(),
      };
    },
  };
}
