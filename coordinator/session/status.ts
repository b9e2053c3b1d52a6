import { status } from "@grpc/grpc-js";
import { DecodeError, errorMessage } from "../../shared/errors.js";
import { IdentityRefused } from "../identity/refused.js";
import { SessionRefused } from "./agent.js";

/** What a call ends with. */
export interface CallError {
  readonly code: status;
  readonly details: string;
}

/** The status that tells an agent what went wrong here; the words are for its operator. */
export function serviceErrorOf(error: unknown): CallError {
  if (error instanceof IdentityRefused) {
    const code = error.kind === "invalid" ? status.INVALID_ARGUMENT : status.PERMISSION_DENIED;
    return { code, details: error.message };
  }
  if (error instanceof SessionRefused) {
    switch (error.kind) {
      case "invalid":
        return { code: status.INVALID_ARGUMENT, details: error.message };
      case "version":
        return { code: status.FAILED_PRECONDITION, details: error.message };
      case "name-taken":
        return { code: status.ALREADY_EXISTS, details: error.message };
    }
  }
  if (error instanceof DecodeError) return { code: status.INVALID_ARGUMENT, details: error.message };
  return { code: status.INTERNAL, details: errorMessage(error) };
}
