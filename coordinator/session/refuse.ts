import type { handleUnaryCall, ServerUnaryCall, ServiceError, status } from "@grpc/grpc-js";
import type { RefusalLog } from "../identity/refusal-log.js";
import { addressOf } from "./peer.js";
import { type CallError, serviceErrorOf } from "./status.js";

/** How one port says no: a line for the operator, and a status with the same words for who asked. */
export interface Refuser {
  /** A call with one answer; what `serve` throws or rejects with refuses it. */
  unary<Request, Response>(
    serve: (call: ServerUnaryCall<Request, Response>) => Promise<Response>,
  ): handleUnaryCall<Request, Response>;
  /** Ends a stream; grpc-js takes it as an error on the server's side of it. `who` is an agent or an address. */
  end(stream: Pick<NodeJS.EventEmitter, "emit">, who: string, error: unknown): void;
}

export function createRefuser(where: string, refused: RefusalLog): Refuser {
  const statusOf = (who: string, error: unknown): CallError => {
    const answer = serviceErrorOf(error);
    refused(where, who, answer.details);
    return answer;
  };
  return {
    unary: (serve) => (call, answer) => {
      const run = async () => serve(call);
      run().then(
        (response) => answer(null, response),
        (error: unknown) => answer(statusOf(addressOf(call.getPeer()), error)),
      );
    },
    end: (stream, who, error) => endStream(stream, statusOf(who, error)),
  };
}

/** Ends a stream with a status that is no refusal. */
export function endStream(
  stream: Pick<NodeJS.EventEmitter, "emit">,
  { code, details }: { readonly code: status; readonly details: string },
): void {
  const error: Partial<ServiceError> = { code, details };
  stream.emit("error", error);
}
