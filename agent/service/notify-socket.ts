import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_DGRAM_CLOEXEC } from "../wire/constants.js";
import type { Libc } from "../wire/libc.js";

export interface NotifySocket {
  /** False when nobody takes it: then the message is lost. */
  send(message: string): boolean;
  close(): void;
}

/** Length of `sun_path` (unix(7)). */
const MOST_PATH_BYTES = 108;

/**
 * A datagram socket towards the one that NOTIFY_SOCKET names: a path, or with a leading `@` a name in the abstract
 * namespace (sd_notify(3)). Null when it is neither. Node.js has no such sockets, so it goes through libc.
 */
export function openNotifySocket(libc: Libc, name: string): NotifySocket | null {
  const address = addressOf(name);
  if (address === null) return null;
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return null;
  return {
    send(message) {
      const bytes = Buffer.from(message);
      return (
        libc.sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length) === bytes.length
      );
    },
    close: () => void libc.close(fd),
  };
}

/** struct sockaddr_un in a machine's own, little-endian order. */
function addressOf(name: string): Uint8Array | null {
  const isAbstract = name.startsWith("@");
  if (!isAbstract && !name.startsWith("/")) return null;
  const path = Buffer.from(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  return path.length > MOST_PATH_BYTES ? null : Buffer.concat([Buffer.of(AF_UNIX, 0), path]);
}
