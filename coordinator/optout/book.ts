import type { Logger } from "pino";
import { formatPrefix, type Prefix } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { OptOutList } from "../../shared/optout/list.js";
import type { Control } from "../control/control.js";
import { listOf, type OptOut, type OptOutEntry, type OptOutEvent, optOutCodec, optOutsOf } from "./event.js";

/** What the opt-outs need of the data base. Both methods may be called again with what was there. */
export interface OptOutStore {
  optOutEvents(): Promise<readonly OptOutEvent[]>;
  saveOptOutEvents(events: readonly OptOutEvent[]): Promise<void>;
}

export interface OptOutRequest {
  readonly entries: readonly { readonly prefix: Prefix; readonly reason: string }[];
  readonly contact: string;
  readonly origin: string;
}

/** What a change came to. */
export interface OptOutChange {
  readonly revision: number;
  readonly added: number;
  /** Opted out before. */
  readonly known: number;
}

/** Who is not to be asked, of one coordinator. */
export interface OptOutBook {
  current(): OptOutList;
  /** Every prefix that ever opted out. */
  list(): OptOut[];
  /** Resolves when it is durable in the control state and in the data base. */
  add(request: OptOutRequest): Promise<OptOutChange>;
  /** Throws UserError when the prefix, exactly as given, has not opted out. */
  withdraw(prefix: Prefix, reason: string): Promise<OptOutChange>;
}

export interface OptOutBookOptions {
  readonly control: Control;
  readonly store: OptOutStore;
  readonly wallMs: () => number;
  readonly log: Logger;
  /** Called with every new list, once it is durable in the control state. */
  readonly onChange: (list: OptOutList) => void;
}

/** Entries of one document: with the longest reasons it stays below the broker's largest message of 1 MiB. */
const MOST_ENTRIES = 500;
const KEY = "optouts";

/** Reads the history from the control state and the data base, and gives each what only the other has. */
export async function openOptOuts(options: OptOutBookOptions): Promise<OptOutBook> {
  const { control, store, log } = options;
  const events: OptOutEvent[] = await restore(control, store, log);
  let current = listOf(events);
  let last: Promise<unknown> = Promise.resolve();

  /** One change after the other: a revision is given once. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const append = async (change: Omit<OptOutEvent, "revision" | "entries">, entries: readonly OptOutEntry[]) => {
    const fresh: OptOutEvent[] = [];
    for (let at = 0; at < entries.length; at += MOST_ENTRIES) {
      const revision = (events.at(-1)?.revision ?? 0) + 1;
      const event: OptOutEvent = { ...change, revision, entries: entries.slice(at, at + MOST_ENTRIES) };
      await control.create(keyOf(revision), optOutCodec, event);
      events.push(event);
      fresh.push(event);
    }
    if (fresh.length === 0) return;
    current = listOf(events);
    options.onChange(current);
    await store.saveOptOutEvents(fresh);
  };

  return {
    current: () => current,
    list: () => optOutsOf(events),
    add: ({ entries, contact, origin }) =>
      inTurn(async () => {
        const held = new Set(current.prefixes.map(formatPrefix));
        const wanted = new Map(entries.map(({ prefix, reason }) => [formatPrefix(prefix), reason]));
        const added = [...wanted].filter(([prefix]) => !held.has(prefix));
        await append(
          { kind: "add", contact, origin, atMs: options.wallMs() },
          added.map(([prefix, reason]) => ({ prefix, reason })),
        );
        return { revision: current.revision, added: added.length, known: wanted.size - added.length };
      }),
    withdraw: (wanted, reason) =>
      inTurn(async () => {
        const prefix = formatPrefix(wanted);
        if (!current.prefixes.some((held) => formatPrefix(held) === prefix)) {
          throw new UserError(`${prefix} has not opted out`, {
            remedy: "`parallax optout list` shows the prefixes; name one exactly as it is there",
            exitCode: 2,
          });
        }
        const change = { kind: "withdraw", contact: "", origin: "operator", atMs: options.wallMs() } as const;
        await append(change, [{ prefix, reason }]);
        return { revision: current.revision, added: 0, known: 1 };
      }),
  };
}

async function restore(control: Control, store: OptOutStore, log: Logger): Promise<OptOutEvent[]> {
  const inControl = new Map((await control.list(KEY, optOutCodec)).map(({ value }) => [value.revision, value]));
  const inStore = new Map((await store.optOutEvents()).map((event) => [event.revision, event]));
  const onlyStored = [...inStore.values()].filter(({ revision }) => !inControl.has(revision));
  const notStored = [...inControl.values()].filter(({ revision }) => !inStore.has(revision));
  for (const event of onlyStored) await control.create(keyOf(event.revision), optOutCodec, event);
  if (notStored.length > 0) await store.saveOptOutEvents(notStored);
  if (onlyStored.length > 0) log.warn({ events: onlyStored.length }, "opt-outs restored from the data base");
  return [...onlyStored, ...inControl.values()].sort((a, b) => a.revision - b.revision);
}

function keyOf(revision: number): string {
  return `${KEY}.${revision}`;
}
