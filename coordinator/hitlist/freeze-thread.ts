import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../../shared/errors.js";
import { type FreezeCounts, type FreezeRequest, freezeHitlist } from "./freeze.js";

/** What the thread says in the end; an error that is nobody's fault ends it as it is. */
export type FreezeReply =
  | { readonly counts: FreezeCounts }
  | { readonly error: { readonly message: string; readonly remedy: string; readonly exitCode: 1 | 2 } };

const reply = await freezeHitlist(workerData as FreezeRequest).then(
  (counts): FreezeReply => ({ counts }),
  (error: unknown): FreezeReply => {
    if (!(error instanceof UserError)) throw error;
    const { message, remedy, exitCode } = error;
    return { error: { message, remedy, exitCode } };
  },
);
parentPort?.postMessage(reply);
