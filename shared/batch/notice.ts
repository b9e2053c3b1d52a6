import { z } from "zod";
import { DecodeError } from "../errors.js";

/*
 * What ingest and agents tell each other beside the batches.
 *
 * Ingest to an agent, on `parallax.committed.<agent>`: `UUID` alone, the batch is in its table; `buried UUID reason`, it
 * can never be inserted as it is and lies in the dead letters.
 *
 * An agent to ingest, on the subject of its rows with the header ASK_HEADER: a JSON document that names batches. Each that
 * is in its table gets its notice again; for the others nothing is said. It goes through the stream like rows do, so that
 * it reaches an ingest that is away now.
 */
export const ASK_HEADER = "Parallax-Ask";
export const ATTEMPT_HEADER = "Parallax-Attempt";

export type Notice =
  | { readonly kind: "committed"; readonly batch: string }
  | { readonly kind: "buried"; readonly batch: string; readonly reason: string };

/** A batch that an agent asks for. */
export interface AskedBatch {
  readonly batch: string;
  readonly table: string;
}

/** Batches that one message may ask for. */
export const MOST_ASKED = 1_000;
const MOST_REASON = 1_000;
const ask = z.strictObject({
  batches: z.array(z.strictObject({ batch: z.uuid(), table: z.string().max(64) })).max(MOST_ASKED),
});

export function encodeNotice(notice: Notice): string {
  if (notice.kind === "committed") return notice.batch;
  return `buried ${notice.batch} ${notice.reason.replaceAll(/\s+/g, " ").slice(0, MOST_REASON)}`;
}

/** Any text that is no burial is a batch's id, as it always was. */
export function decodeNotice(text: string): Notice {
  const [, batch, reason = ""] = /^buried (\S+) ?(.*)$/s.exec(text) ?? [];
  return batch === undefined ? { kind: "committed", batch: text } : { kind: "buried", batch, reason };
}

export function encodeAsk(batches: readonly AskedBatch[]): Uint8Array {
  return Buffer.from(JSON.stringify({ batches }));
}

/** Throws DecodeError. */
export function decodeAsk(bytes: Uint8Array): AskedBatch[] {
  try {
    return ask.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))).batches;
  } catch (cause) {
    throw new DecodeError("not a question for batches", { cause });
  }
}
