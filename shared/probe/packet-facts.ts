/** What a send port must know of a packet, in one number: its length in bytes and its IP version. */
export function packetFacts(bytes: number, family: 4 | 6): number {
  return bytes | (family << 16);
}

export function lengthIn(facts: number): number {
  return facts & 0xffff;
}
