import type { TcpOption } from "./tcp-options.js";

/** Bytes as the TUM fork prints them: `0x` and two digits each. */
export function optionsHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`;
}

const NAMES: Readonly<Record<number, string>> = {
  0: "E",
  1: "N",
  2: "MSS",
  3: "WS",
  4: "SACK",
  6: "ECHO",
  7: "ECHOR",
  8: "TS",
  27: "QS",
  30: "MPTCP",
};

const FAST_OPEN = 34;

/** `MSS-SACK-TS-N-WS-`: TFOC is a fast-open cookie, TFOE its empty form, X any option without a name. */
export function optionsText(options: readonly TcpOption[]): string {
  return options.map(({ kind, bytes }) => `${nameOf(kind, bytes.length)}-`).join("");
}

function nameOf(kind: number, length: number): string {
  if (kind === FAST_OPEN) return length > 2 ? "TFOC" : "TFOE";
  return NAMES[kind] ?? "X";
}
