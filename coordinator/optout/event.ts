import { z } from "zod";
import { parsePrefix } from "../../shared/address/prefix.js";
import { type OptOutList, optOutList } from "../../shared/optout/list.js";
import type { Codec } from "../control/control.js";

const entry = z.strictObject({ prefix: z.string(), reason: z.string() });

/** One change of who is not to be asked. Changes are only ever added: together they are the history. */
const event = z.strictObject({
  /** From 1, without gaps. */
  revision: z.int().min(1),
  kind: z.enum(["add", "withdraw"]),
  entries: z.array(entry).min(1),
  /** Whom it came from; empty for a withdrawal. */
  contact: z.string(),
  /** `operator`, or the file that it was read from. */
  origin: z.string(),
  /** Unix time. */
  atMs: z.int().min(0),
});
export type OptOutEvent = z.infer<typeof event>;
export type OptOutEntry = z.infer<typeof entry>;

export const optOutCodec: Codec<OptOutEvent> = {
  encode: (value) => JSON.stringify(value),
  decode: (text) => event.parse(JSON.parse(text)),
};

/** A prefix that has opted out at some time. */
export interface OptOut {
  /** CIDR text. */
  readonly prefix: string;
  readonly reason: string;
  readonly contact: string;
  readonly origin: string;
  readonly addedAtMs: number;
  /** Null while it holds. */
  readonly withdrawn: { readonly atMs: number; readonly reason: string } | null;
}

/** Every prefix that ever opted out as the changes left it, in the order in which they came first. */
export function optOutsOf(events: readonly OptOutEvent[]): OptOut[] {
  const found = new Map<string, OptOut>();
  for (const { kind, entries, contact, origin, atMs } of events) {
    for (const { prefix, reason } of entries) {
      const before = found.get(prefix);
      if (kind === "add") {
        if (before?.withdrawn !== null) {
          found.set(prefix, { prefix, reason, contact, origin, addedAtMs: atMs, withdrawn: null });
        }
      } else if (before !== undefined) found.set(prefix, { ...before, withdrawn: { atMs, reason } });
    }
  }
  return [...found.values()];
}

/** What agents are told. */
export function listOf(events: readonly OptOutEvent[]): OptOutList {
  const held = optOutsOf(events).filter(({ withdrawn }) => withdrawn === null);
  return optOutList(
    events.at(-1)?.revision ?? 0,
    held.map(({ prefix }) => parsePrefix(prefix)),
  );
}
