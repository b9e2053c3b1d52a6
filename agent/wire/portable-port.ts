import type { FamilyRoute } from "./ethernet.js";
import type { PacketPort, SendPort } from "./port.js";
import type { PortableModules } from "./portable-modules.js";
import { createPortableReceive } from "./portable-receive.js";
import { createPortableSend } from "./portable-send.js";

export interface PortablePortOptions {
  readonly modules: PortableModules;
  readonly interfaceName: string;
  readonly ipv4: FamilyRoute | null;
  readonly ipv6: FamilyRoute | null;
  readonly ringBytes: number;
  /** Packets in one batch. */
  readonly slots: number;
  readonly slotBytes: number;
}

/** The half that sends, of packages from npm in place of calls to the kernel: correct, not fast. */
export function createPortableSendPort(options: PortablePortOptions): SendPort {
  return createPortableSend({
    ...options,
    raw: options.modules.raw,
    ipv4: options.ipv4 !== null,
    ipv6: options.ipv6 !== null,
  });
}

/** Both halves. */
export function createPortablePort(options: PortablePortOptions): PacketPort {
  const sender = createPortableSendPort(options);
  try {
    const receiver = createPortableReceive({ ...options, cap: options.modules.cap });
    return {
      ...sender,
      receive: receiver.receive,
      wait: receiver.wait,
      receiveStats: receiver.receiveStats,
      close() {
        sender.close();
        receiver.close();
      },
    };
  } catch (error) {
    sender.close();
    throw error;
  }
}
