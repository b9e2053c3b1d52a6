/** Packets that begin with their IP header (LINKTYPE_RAW of tcpdump.org). */
const LINKTYPE_RAW = 101;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const SNAP_BYTES = 65_535;

/** The head of a pcap file (version 2.4, little-endian, microseconds) whose packets begin with their IP header. */
export function encodePcapHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, MAGIC_MICROSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_BYTES, true);
  view.setUint32(20, LINKTYPE_RAW, true);
  return new Uint8Array(view.buffer);
}

/** One record; `timestampUs` are whole microseconds since 1970. */
export function encodePcapRecord(timestampUs: number, packet: Uint8Array): Uint8Array {
  const kept = packet.subarray(0, SNAP_BYTES);
  const bytes = new Uint8Array(16 + kept.length);
  const view = new DataView(bytes.buffer);
  const seconds = Math.floor(timestampUs / 1e6);
  view.setUint32(0, seconds, true);
  view.setUint32(4, timestampUs - seconds * 1e6, true);
  view.setUint32(8, kept.length, true);
  view.setUint32(12, packet.length, true);
  bytes.set(kept, 16);
  return bytes;
}
