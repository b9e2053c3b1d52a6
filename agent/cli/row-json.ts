import { formatAddress } from "../../shared/address/address.js";
import type { EvidenceRow, WebTimingRow } from "../../shared/batch/rows.js";

/** A row as one line of JSON: addresses as text, bytes and keys as hexadecimal digits. */
export function rowToJson(row: EvidenceRow | WebTimingRow): string {
  return JSON.stringify(row, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (typeof value === "bigint") return value.toString(16).padStart(16, "0");
    if (value !== row) return value;
    const target = formatAddress(row.target);
    if (row.table === "web_timings") return { ...row, target };
    const sentFrom = row.table === "trace_hops" ? { sentFrom: formatAddress(row.sentFrom) } : {};
    return { ...row, target, responder: formatAddress(row.responder), ...sentFrom };
  });
}
