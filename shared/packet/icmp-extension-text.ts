import { formatAddress } from "../address/address.js";
import { decodeIcmpExtensions, type IcmpExtension } from "./icmp-extensions.js";

/**
 * The extension structure of an ICMP error as a row keeps it and a person reads it, one text for each MPLS label and
 * object: `mpls label=24001 exp=0 s=1 ttl=1`, `interface role=incoming index=7 address=192.0.2.1 name=eth0 mtu=1500`,
 * `object class=3 type=1 data=00ff`.
 */
export function icmpExtensionTexts(bytes: Uint8Array): string[] {
  return bytes.length === 0 ? [] : decodeIcmpExtensions(bytes).flatMap(textsOf).slice(0, MOST_TEXTS);
}

/** Real stacks have up to ten labels; a frame has room for hundreds of empty objects, which a row has not. */
const MOST_TEXTS = 32;

function textsOf(extension: IcmpExtension): string[] {
  switch (extension.kind) {
    case "mpls":
      return extension.labels.map(
        ({ label, exp, bottomOfStack, ttl }) => `mpls label=${label} exp=${exp} s=${bottomOfStack ? 1 : 0} ttl=${ttl}`,
      );
    case "interface": {
      const { role, index, address, name, mtu } = extension;
      const told = [
        ["index", index],
        ["address", address === null ? null : formatAddress(address)],
        ["name", name === null ? null : escaped(name)],
        ["mtu", mtu],
      ].filter(([, value]) => value !== null);
      return [["interface", `role=${role}`, ...told.map(([key, value]) => `${key}=${value}`)].join(" ")];
    }
    case "other":
      return [`object class=${extension.class} type=${extension.type} data=${hexOf(extension.data)}`];
  }
}

/** A name comes from a stranger and goes to terminals: whatever is not a visible ASCII character becomes `%` and its byte. */
function escaped(name: Uint8Array): string {
  return Array.from(name, (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== PERCENT ? String.fromCharCode(byte) : `%${hexOf(Uint8Array.of(byte))}`,
  ).join("");
}

const PERCENT = 0x25;

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
