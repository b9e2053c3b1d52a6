import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import { errorMessage, UserError } from "../../shared/errors.js";

/** What is used of the package raw-socket. It sends in the event loop, one packet a turn and socket. */
export interface RawSocketModule {
  readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
  readonly SocketLevel: { readonly SOL_SOCKET: number; readonly IPPROTO_IP: number };
  /** SO_BINDTODEVICE: on Linux only. */
  readonly SocketOption: { readonly IP_HDRINCL: number; readonly SO_BINDTODEVICE?: number };
  /** Throws an Error with the text of strerror(3). */
  createSocket(options: { readonly protocol: number; readonly addressFamily: number }): RawSocket;
}

export interface RawSocket {
  on(event: "error", listener: (error: Error) => void): void;
  setOption(level: number, option: number, value: Uint8Array, bytes: number): void;
  /** Stops looking for received packets. */
  pauseRecv(): void;
  /**
   * The bytes are read when the event loop finds the socket writable. A callback that throws is called again; a socket
   * that was closed is opened again, without its options.
   */
  send(bytes: Uint8Array, offset: number, length: number, address: string, onSent: SentCallback): void;
  close(): void;
}

type SentCallback = (error: Error | null, bytes: number) => void;

/** What is used of the package cap. */
export interface CapModule {
  readonly Cap: new () => Capture;
}

/**
 * One capture. It must never be collected once `open` was called: its destructor frees a handle that the event loop still
 * has in its list, and after a failed `open` works on one that was never set up. Nor can it be opened again.
 */
export interface Capture {
  /**
   * Copies each packet that the filter (pcap-filter(7)) lets pass to the beginning of `into`, and then calls the
   * listeners. The capture keeps a bare pointer into the buffer. Returns the kind of link-layer header; throws an Error.
   */
  open(device: string, filter: string, kernelBytes: number, into: Uint8Array): string;
  on(event: "packet", listener: (bytes: number, truncated: boolean) => void): void;
  close(): boolean;
}

export interface PortableModules {
  readonly raw: RawSocketModule;
  readonly cap: CapModule;
}

/**
 * Loads the two native packages. Throws UserError when they are not there, as optional packages that did not compile; and
 * outside the main thread, whose event loop is the only one they know.
 */
export function loadPortableModules(): PortableModules {
  if (!isMainThread) {
    throw new UserError("the portable driver works in the main thread only", { remedy: "send from the main thread" });
  }
  const require = createRequire(import.meta.url);
  const load = <T>(name: string): T => {
    try {
      return require(name) as T;
    } catch (cause) {
      throw new UserError(`the portable driver needs the package ${name}, which does not load: ${firstLine(cause)}`, {
        remedy:
          "use another driver; or, in a clone of the repository, run deploy/setup.sh --optional and npm ci, which compiles it",
        cause,
      });
    }
  };
  return { raw: load<RawSocketModule>("raw-socket"), cap: load<CapModule>("cap") };
}

function firstLine(error: unknown): string {
  return errorMessage(error).split("\n")[0] ?? "";
}
