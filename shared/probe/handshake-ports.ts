/**
 * Source ports of the handshakes that verify makes: the last 1,024 below Linux' default `ip_local_port_range`, and apart
 * from the probes' (`FIRST_SOURCE_PORT`), because what comes back to them must be kept from the kernel (`deploy/nft`).
 */
export const FIRST_HANDSHAKE_PORT = 31_744;
export const LAST_HANDSHAKE_PORT = 32_767;

/** What a handshake port is for: so the connections of one target never share one. */
export const HANDSHAKE_USES = ["join-probe", "v0", "v1", "second-subflow"] as const;
export type HandshakeUse = (typeof HANDSHAKE_USES)[number];

const PORTS_PER_USE = (LAST_HANDSHAKE_PORT + 1 - FIRST_HANDSHAKE_PORT) / HANDSHAKE_USES.length;

/** A port of the use's range; `hash` is any number that belongs to the target. */
export function handshakePort(use: HandshakeUse, hash: number): number {
  return FIRST_HANDSHAKE_PORT + HANDSHAKE_USES.indexOf(use) * PORTS_PER_USE + (hash % PORTS_PER_USE);
}
