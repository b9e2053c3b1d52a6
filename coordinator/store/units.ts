/** Units of columns that are numbers, by their names: a name has the same unit in every table. */
const UNITS: Readonly<Record<string, string>> = {
  ...same("hops", "ttl", "reply_ttl", "after_ttl", "before_ttl", "path_length", "open_hops"),
  ...same(
    "microseconds",
    "rtt_us",
    "connect_us",
    "pretransfer_us",
    "first_byte_us",
    "total_us",
    "clock_offset_us",
    "round_trip_us",
  ),
  ...same("bytes", "spool_free_bytes", "spool_max_bytes", "body_bytes", "window", "mss"),
  ...same("port number", "port"),
  ...same("0 or 1", "no_join", "checksum_required"),
  ...same("code", "status", "icmp_type", "icmp_code", "join_probe_reason", "join_reason", "reset_reason"),
  ...same("flags", "tcp_flags"),
  ...same("64-bit key", "receiver_key"),
  ...same("index", "index", "from", "to"),
  ...same("number in order", "row", "run", "line", "epoch", "revision", "rule_version", "rank"),
  ...same("Unix milliseconds", "snapshot", "replay"),
  ...same("count", "affected", "subflows", "vantages", "traces", "rows", "changed", "left_out", "targets", "cone"),
  ...same("bit number", "first_difference_bit"),
  ...same("hash", "pattern"),
  ...same("AS number", "asn", "others"),
  ...same("degrees", "latitude", "longitude"),
  ...same("share, 0 to 1", "confidence"),
  ...same("percent", "os_accuracy"),
  ...same("port number, and text", "ports"),
};

/** Columns of type String that hold bytes as they were on the wire. */
const RAW = new Set(["options", "quote"]);

/**
 * What a value of a column is measured in, or written as.
 * @param type as the engine names it
 * @returns null for a number of which nobody said it
 */
export function unitOf(name: string, type: string): string | null {
  const inner = type.replaceAll(/^(Nullable|LowCardinality|Array)\(|\)+$/g, "");
  if (type.includes("DateTime64(6")) return "UTC, to the microsecond";
  if (type.includes("DateTime64(3")) return "UTC, to the millisecond";
  if (type.startsWith("DateTime(")) return "UTC, to the second";
  if (type === "Date") return "day";
  if (type.includes("IPv6")) return "address, IPv4 mapped";
  if (type === "UUID") return "UUID";
  if (/U?Int|Float/.test(inner)) return UNITS[name] ?? null;
  if (type === "String" && RAW.has(name)) return "raw bytes";
  return "text";
}

function same(unit: string, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, unit]));
}
