import type { Socket } from "node:net";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import type { RefusalLog } from "./refusal-log.js";

/** How every TLS port of the coordinator shakes hands. */
export const HANDSHAKE: Pick<TlsOptions, "minVersion" | "handshakeTimeout"> = {
  minVersion: "TLSv1.3",
  handshakeTimeout: 10_000,
};

/** Tells the operator who does not get through a port's handshake, and why. */
export function reportHandshakes(server: Server, where: string, refused: RefusalLog): void {
  const addresses = new WeakMap<object, string>();
  server.on("connection", (socket: Socket) => addresses.set(socket, remoteAddress(socket)));
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    // The TLS socket is closed and has no address any more; what it lies on has no public name in Node.
    const below: object = Reflect.get(socket, "_parent") ?? socket;
    refused(where, addresses.get(below) ?? remoteAddress(socket), reasonOf(error, socket));
    socket.destroy();
  });
}

/** The address of the other side; an IPv4 address as such. */
export function remoteAddress({ remoteAddress: address }: { readonly remoteAddress?: string | undefined }): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, "") ?? "somebody who has gone";
}

/** A word for what Node or OpenSSL says of a handshake. */
function reasonOf({ code, message }: NodeJS.ErrnoException, { authorizationError }: TLSSocket): string {
  // Where a certificate is not good, Node hangs up and keeps the reason here: the error is that of any lost connection.
  const reason = authorizationError ? String(authorizationError) : code;
  switch (reason) {
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet: one of the two clocks is wrong";
    case "ERR_SSL_EVP_LIB":
    case "CERT_SIGNATURE_FAILURE":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "its certificate is of another authority";
    case "INVALID_PURPOSE":
      return "its certificate is not one of a client";
    case "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE":
      return "it has no certificate";
    case "ERR_SSL_HTTP_REQUEST":
      return "it speaks HTTP without TLS";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_UNEXPECTED_MESSAGE":
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
      return "it does not speak TLS 1.3";
    default:
      return reason?.startsWith("ERR_SSL_") ? `its handshake failed (${reason})` : (reason ?? message);
  }
}
