import { formatAddress } from "../../shared/address/address.js";
import type { EvidenceRow } from "../../shared/batch/rows.js";

/** A row as one line of JSON: addresses as text, bytes and keys as hexadecimal digits. */
export function rowToJson(row: EvidenceRow): string {
  return JSON.stringify(row, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (typeof value === "bigint") return value.toString(16).padStart(16, "0");
    if (value !== row) return value;
    const { target, responder } = row;
    const sentFrom = row.table === "trace_hops" ? { sentFrom: formatAddress(row.sentFrom) } : {};
    return { ...row, target: formatAddress(target), responder: formatAddress(responder), ...sentFrom };
  });
}
