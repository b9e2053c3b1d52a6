import type { MptcpState } from "../../shared/timing/names.js";
import type { Libc } from "../wire/libc.js";

/** linux/mptcp.h */
const SOL_MPTCP = 284;
const MPTCP_INFO = 1;
const INFO_BYTES = 128;
const FLAG_FALLBACK = 1;
/** struct mptcp_info: further subflows in byte 0, flags from byte 8 on. */
const FLAGS_AT = 8;

export interface MptcpInfo {
  readonly state: Exclude<MptcpState, "fell-back-later" | "">;
  /** Of the connection; 0 after a fallback. */
  readonly subflows: number;
}

/**
 * What a connected MPTCP socket says of itself. After a fallback to TCP the kernel answers with EOPNOTSUPP, or, while it
 * still has the MPTCP side, with a flag. Null for any other error: the socket is gone.
 */
export function readMptcpInfo(libc: Libc, fd: number): MptcpInfo | null {
  const info = new Uint8Array(INFO_BYTES);
  const bytes = Uint32Array.of(INFO_BYTES);
  if (libc.getsockopt(fd, SOL_MPTCP, MPTCP_INFO, info, bytes) < 0) {
    const name = libc.errorName(libc.errno());
    return name === "EOPNOTSUPP" || name === "ENOTSUP" || name === "ENOPROTOOPT"
      ? { state: "fell-back", subflows: 0 }
      : null;
  }
  return decodeMptcpInfo(info);
}

export function decodeMptcpInfo(info: Uint8Array): MptcpInfo {
  const flags = new DataView(info.buffer, info.byteOffset).getUint32(FLAGS_AT, true);
  return (flags & FLAG_FALLBACK) !== 0
    ? { state: "fell-back", subflows: 0 }
    : { state: "negotiated", subflows: (info[0] ?? 0) + 1 };
}
