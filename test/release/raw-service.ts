import type { ServiceDefinition } from "@grpc/grpc-js";
import { AgentServiceService } from "../../shared/generated/parallax/agent/v1/session.js";

const asIs = (bytes: Buffer): Buffer => bytes;

/** The session, its messages as they are on the wire: also those that this version does not know. */
export const RAW_SESSION = {
  path: AgentServiceService.session.path,
  requestStream: true,
  responseStream: true,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const;

export const RAW_SERVICE: ServiceDefinition = { session: RAW_SESSION };
