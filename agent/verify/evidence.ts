import { formatAddress } from "../../shared/address/address.js";
import { decodeMptcp, type MptcpOption } from "../../shared/option/mptcp.js";
import { decodeTcpOptions, OPTION_MPTCP } from "../../shared/option/tcp-options.js";
import { flagNames, type TcpHeader } from "../../shared/packet/tcp.js";

/** MP_TCPRST reason 6 (RFC 8684 section 3.6): the host saw a middlebox at work. */
export const REASON_MIDDLEBOX = 6;

export function mptcpOptionsOf(tcp: TcpHeader): MptcpOption[] {
  return decodeTcpOptions(tcp.options)
    .options.filter(({ kind }) => kind === OPTION_MPTCP)
    .map(({ bytes }) => decodeMptcp(bytes));
}

/** Reason of a RST's MP_TCPRST, or null. */
export function resetReason(tcp: TcpHeader): number | null {
  const option = mptcpOptionsOf(tcp).find((one) => one.kind === "MP_TCPRST");
  return option?.kind === "MP_TCPRST" ? option.reason : null;
}

/** A row keeps no more segments than this. */
const MOST_SEGMENTS = 24;

/** The segments of a host as a row keeps them: connection, flags, payload bytes and raw options. */
export interface SegmentLog {
  add(connection: "join-probe" | "first" | "second", tcp: TcpHeader): void;
  readonly lines: readonly string[];
}

export function createSegmentLog(): SegmentLog {
  const lines: string[] = [];
  return {
    lines,
    add(connection, tcp) {
      if (lines.length >= MOST_SEGMENTS) return;
      const options = Buffer.from(tcp.options).toString("hex");
      lines.push(`${connection} ${flagNames(tcp.flags).join("|")} ${tcp.payload.length} ${options}`);
    },
  };
}

/** An ADD_ADDR as text: `203.0.113.7:8080 id 3`; `unsigned` when its HMAC is not that of the connection. */
export function announcedAddress(
  { address, port, addressId }: { address: Uint8Array; port: number | null; addressId: number },
  isSigned: boolean,
): string {
  const host = formatAddress(address);
  const at = port === null ? host : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return `${at} id ${addressId}${isSigned ? "" : " unsigned"}`;
}
