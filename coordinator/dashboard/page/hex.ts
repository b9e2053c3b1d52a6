/** Bytes a line, as `tcpdump -X` has them. */
const PER_LINE = 16;

/** Hexadecimal text as lines of offset, bytes and characters. */
export function hexDump(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const line = bytes.slice(at, at + PER_LINE);
    const characters = line
      .map((byte) => Number.parseInt(byte, 16))
      .map((code) => (code > 31 && code < 127 ? String.fromCharCode(code) : "."));
    lines.push(
      `${at.toString(16).padStart(4, "0")}  ${line.join(" ").padEnd(PER_LINE * 3 - 1)}  ${characters.join("")}`,
    );
  }
  return lines.join("\n");
}
