/** What makes two Linux kernels send each subtype of MPTCP v1. */
import type { Socket } from "node:net";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { encodeTcpPacket } from "../../../shared/packet/encode.js";
import type { Decoded } from "./decoded.js";
import { ADDRESSES, type MptcpLab, SECOND_PORT } from "./mptcp-lab.js";

type Family = 4 | 6;

const is =
  (subtype: string) =>
  (option: Decoded): boolean =>
    option.subtype === subtype;
const isJoinEnd = (option: Decoded): boolean => option.subtype === "MP_JOIN" && option.form === "ACK";

/** A rule that goes bad on demand: the first byte of what the client sends is then another, under right TCP checksums. */
export function createCorruptor(): { rule: PacketRule; corrupt(on: boolean): void } {
  let at = false;
  return {
    corrupt: (on) => {
      at = on;
    },
    rule: (bytes, direction) => {
      if (!at || direction === "back") return bytes;
      const packet = decodePacket(bytes);
      if (packet.kind !== "tcp" || packet.tcp.payload.length === 0) return bytes;
      const payload = Uint8Array.from(packet.tcp.payload);
      payload[0] = (payload[0] ?? 0) ^ 0xff;
      const { source, destination, ttl } = packet.ip;
      return encodeTcpPacket({ source, destination, ttl }, { ...packet.tcp, payload });
    },
  };
}

/** Both sides name a second address; then one of them gets less priority, and both go. */
export async function subflowsComeAndGo(lab: MptcpLab, family: Family): Promise<void> {
  const { client, server } = ADDRESSES[family];
  lab.client(`ip mptcp endpoint add ${client[1]} id 5 subflow`);
  lab.server(`ip mptcp endpoint add ${server[1]} id 9 signal`);
  const socket = lab.dial(server[0]);
  socket.resume();
  socket.write(Buffer.alloc(3_000, 0x61));
  await lab.until(isJoinEnd, family === 4 ? 2 : 4);
  socket.write(Buffer.alloc(60_000, 0x62));
  lab.client(`ip mptcp endpoint change id 5 ${client[1]} backup`);
  await lab.until((option) => is("MP_PRIO")(option) && option.backup === true, family === 4 ? 1 : 2);
  lab.client(`ip mptcp endpoint change id 5 ${client[1]} nobackup`);
  await lab.until((option) => is("MP_PRIO")(option) && option.backup === false, family === 4 ? 1 : 2);
  lab.server(`ip mptcp endpoint delete id 9`);
  await lab.until((option) => is("REMOVE_ADDR")(option) && String(option.addressIds) === "9", family === 4 ? 1 : 2);
  lab.client(`ip mptcp endpoint delete id 5`);
  await lab.until((option) => is("REMOVE_ADDR")(option) && String(option.addressIds) === "5", family === 4 ? 1 : 2);
  socket.end();
  await lab.until((option) => option.dataFin === true, family === 4 ? 2 : 4);
}

/**
 * The server names an address with a port, and asks for checksums and for no subflow to its first address; the client
 * resets all. Beside timestamps the option of an IPv6 address with a port has no room.
 */
export async function portIsNamedAndConnectionReset(lab: MptcpLab, family: Family): Promise<void> {
  const { server } = ADDRESSES[family];
  lab.server(
    "sysctl -qw net.mptcp.checksum_enabled=1 net.mptcp.allow_join_initial_addr_port=0 net.ipv4.tcp_timestamps=0",
  );
  lab.server(`ip mptcp endpoint add ${server[1]} id 11 port ${SECOND_PORT} signal`);
  const socket = lab.dial(server[0]);
  socket.resume();
  socket.write(Buffer.alloc(3_000, 0x63));
  await lab.until(
    (option) => is("ADD_ADDR")(option) && option.port === SECOND_PORT && option.echo === true,
    family === 4 ? 1 : 2,
  );
  socket.resetAndDestroy();
  await lab.until(is("MP_FASTCLOSE"), family === 4 ? 1 : 2);
  lab.server("ip mptcp endpoint flush");
  lab.server(
    "sysctl -qw net.mptcp.checksum_enabled=0 net.mptcp.allow_join_initial_addr_port=1 net.ipv4.tcp_timestamps=1",
  );
}

/** The client asks for a subflow, as one of less priority, where the server takes none. */
export async function subflowIsRefused(lab: MptcpLab, family: Family): Promise<void> {
  const { client, server } = ADDRESSES[family];
  lab.server("ip mptcp limits set subflows 0 add_addr_accepted 0");
  lab.client(`ip mptcp endpoint add ${client[1]} id 6 subflow backup`);
  const socket = lab.dial(server[0]);
  socket.resume();
  socket.write(Buffer.alloc(3_000, 0x64));
  await lab.until(is("MP_TCPRST"), family === 4 ? 1 : 2);
  await closed(lab, socket);
  lab.client("ip mptcp endpoint flush");
  lab.server("ip mptcp limits set subflows 8 add_addr_accepted 8");
}

/** Checksums are asked for, and the box changes data on its way. */
export async function dataIsChanged(lab: MptcpLab, family: Family, corrupt: (on: boolean) => void): Promise<void> {
  lab.client("sysctl -qw net.mptcp.checksum_enabled=1");
  const socket = lab.dial(ADDRESSES[family].server[0]);
  socket.resume();
  socket.write(Buffer.alloc(100, 0x65));
  await lab.until((option) => is("DSS")(option) && (option.mapping as { checksum: unknown } | null)?.checksum != null);
  corrupt(true);
  socket.write(Buffer.alloc(100, 0x66));
  await lab.until(is("MP_FAIL"), family === 4 ? 1 : 2);
  corrupt(false);
  await closed(lab, socket);
  lab.client("sysctl -qw net.mptcp.checksum_enabled=0");
}

async function closed(lab: MptcpLab, socket: Socket): Promise<void> {
  socket.destroy();
  await lab.until(() => true);
}
