import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Peer } from "../identity/desk.js";
import { holderOf } from "../identity/holder.js";
import { IdentityRefused } from "../identity/refused.js";

/** A call, as far as it says who makes it. */
type Call = Pick<ServerDuplexStream<unknown, unknown>, "getPeer" | "getAuthContext">;

/** The holder of the certificate that a call's connection came with. Throws IdentityRefused when there is none. */
export function peerOf(call: Call): Peer {
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  if (raw === undefined) {
    throw new IdentityRefused("denied", "the connection has no certificate; enrol this machine");
  }
  return { ...holderOf(raw), address: addressOf(call.getPeer()) };
}

/** `192.0.2.1:4711` or `[2001:db8::1]:4711` or `2001:db8::1:4711` without its port, an IPv4 address as such. */
export function addressOf(peer: string): string {
  const address = peer.slice(0, Math.max(0, peer.lastIndexOf(":"))).replace(/^\[|\]$/g, "");
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
