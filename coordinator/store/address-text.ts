/** The text of an address, dotted quad or IPv6, as a column of type IPv6 takes it. */
export function ipv6Text(address: string): string {
  return address.includes(":") ? address : `::ffff:${address}`;
}
