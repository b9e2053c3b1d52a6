import { credentials, Metadata } from "@grpc/grpc-js";
import { AgentServiceClient } from "../../shared/generated/parallax/agent/v1/session.js";
import { MAX_SESSION_MESSAGE_BYTES } from "../../shared/lease/protocol.js";

/** A client for a coordinator's `host:port` or `unix:path`; it dials again by itself, at most a second apart. */
export function createClient(address: string): AgentServiceClient {
  return new AgentServiceClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_SESSION_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
  });
}

export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}
