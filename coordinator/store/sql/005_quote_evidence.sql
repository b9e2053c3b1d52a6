-- What quotes show besides conditions: where they begin to differ, and what routers tell of themselves.

ALTER TABLE trace_hops ADD COLUMN IF NOT EXISTS first_difference_bit Nullable(UInt16) COMMENT 'first bit, from the start of the IP header, in which the quote differs from the probe, TTL and checksums not counted; null for none' AFTER icmp_code;
ALTER TABLE trace_hops ADD COLUMN IF NOT EXISTS icmp_extensions Array(String) COMMENT 'MPLS labels, interfaces and other objects behind the quote (RFC 4884)' CODEC(ZSTD(1)) AFTER first_difference_bit;
