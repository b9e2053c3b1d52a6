import { isIP } from "node:net";
import { type ChannelOptions, credentials } from "@grpc/grpc-js";
import { AgentServiceClient } from "../../shared/generated/parallax/agent/v1/session.js";
import { MAX_SESSION_MESSAGE_BYTES } from "../../shared/lease/protocol.js";
import type { AgentIdentity } from "../identity/identity.js";

/** What a connection needs of an identity, PEM. */
export type ClientIdentity = Pick<AgentIdentity, "authority" | "key" | "certificate">;

/** A channel of its own, which dials again by itself, at most a second apart. */
export function channelTo(address: string): ChannelOptions {
  return {
    "grpc.max_receive_message_length": MAX_SESSION_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    // No name of a TLS server is an address (RFC 6066). Every certificate of the coordinator has this name, and its
    // authority signs for no other server.
    ...(isIP(hostOf(address)) === 0 ? {} : { "grpc.ssl_target_name_override": "localhost" }),
  };
}

/** The host of `host:port` or `[address]:port`. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

/** A client for a coordinator's `host:port`; both sides show certificates of the coordinator's authority. */
export function createClient(address: string, { authority, key, certificate }: ClientIdentity): AgentServiceClient {
  const pem = (text: string) => Buffer.from(text);
  const secure = credentials.createSsl(pem(authority), pem(key), pem(certificate));
  return new AgentServiceClient(address, secure, channelTo(address));
}
