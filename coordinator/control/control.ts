import { jetstream } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { ControlConflict, isConflict } from "./conflict.js";
import { createLogs, type OpenLog } from "./log.js";

const BUCKET = "parallax_control";

/** Text form of a document. `decode` throws on text that is none. */
export interface Codec<T> {
  encode(value: T): string;
  decode(text: string): T;
}

/** A document and the revision under which it was stored. */
export interface Versioned<T> {
  readonly key: string;
  readonly value: T;
  readonly revision: number;
}

/**
 * Documents by key, each changed only by compare-and-set. Keys are dot-separated tokens of letters, digits, `-`, `_`,
 * `=` and `/`. Every method rejects with the broker client's error when the broker does not answer.
 */
export interface Control {
  load<T>(key: string, codec: Codec<T>): Promise<Versioned<T> | null>;
  /** All documents whose key begins with the tokens of `prefix`. */
  list<T>(prefix: string, codec: Codec<T>): Promise<Versioned<T>[]>;
  /** Rejects with ControlConflict when the key exists. Resolves with the revision. */
  create<T>(key: string, codec: Codec<T>, value: T): Promise<number>;
  /** Rejects with ControlConflict when `revision` is not the current one. Resolves with the new revision. */
  update<T>(key: string, codec: Codec<T>, value: T, revision: number): Promise<number>;
  remove(key: string): Promise<void>;
  /** A document that is too large to be stored as a whole at each change. */
  readonly openLog: OpenLog;
}

/** Opens the bucket, and makes it when there is none. Uses what nats-server 2.9 can do. */
export async function createControl(connection: NatsConnection): Promise<Control> {
  // A request that was on its way when the broker went down is lost: do not wait long for it.
  const client = jetstream(connection, { timeout: 2_000 });
  const kv: KV = await new Kvm(client).create(BUCKET, { history: 1, storage: "file", allow_direct: false });

  const guarded = async (key: string, write: () => Promise<number>): Promise<number> => {
    try {
      return await write();
    } catch (error) {
      throw isConflict(error) ? new ControlConflict(key, error) : error;
    }
  };
  return {
    async load(key, codec) {
      const entry = await kv.get(key);
      return entry === null || entry.operation !== "PUT"
        ? null
        : { key, value: codec.decode(entry.string()), revision: entry.revision };
    },
    async list(prefix, codec) {
      const found: Versioned<ReturnType<typeof codec.decode>>[] = [];
      for await (const entry of await kv.history({ key: `${prefix}.>` })) {
        if (entry.operation === "PUT") {
          found.push({ key: entry.key, value: codec.decode(entry.string()), revision: entry.revision });
        }
      }
      return found;
    },
    create: (key, codec, value) => guarded(key, () => kv.create(key, codec.encode(value))),
    update: (key, codec, value, revision) => guarded(key, () => kv.update(key, codec.encode(value), revision)),
    remove: (key) => kv.delete(key),
    openLog: await createLogs(client),
  };
}

/** One token of a key from any text. */
export function keyToken(text: string): string {
  return encodeURIComponent(text).replace(/[%.!~*'()]/g, (c) => (c === "%" ? "=" : `=${hex(c)}`));
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase();
}
