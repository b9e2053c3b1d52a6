import { errorCode, errorMessage, UserError } from "../../../shared/errors.js";

/** Where lines end up: a file or standard output. */
export interface LineTarget {
  /** Names it in messages. */
  readonly name: string;
  /** Bytes of an interrupted scan that are there already, and the lines among them that its checkpoint does not count. */
  readonly startBytes: number;
  readonly uncountedLines: number;
  /** Writes all bytes, in order of the calls; rejects when it cannot. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was written survives a power cut, as far as the target can. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Lines on their way to a target, without making the one who writes them wait. */
export interface LineSink {
  write(line: string): void;
  /** Too much waits: nothing that makes more lines should be started. */
  readonly isFull: boolean;
  /** Bytes that the target has: whole lines. */
  readonly writtenBytes: number;
  /** Resolves when the target has all lines so far, synced. Rejects with UserError when it failed. */
  flush(): Promise<void>;
  /** Resolves with the error that ended the sink: nothing is written any more from then on. */
  readonly failed: Promise<UserError>;
  close(): Promise<void>;
}

/** What ends the sink when a pipe's reader goes away (`| head`): no failure of ours. */
export class ReaderGone extends UserError {}

/** Lines that are written together. */
interface Batch {
  /** Whole blocks, and the lines that are in none yet. */
  readonly blocks: Buffer[];
  text: string;
  /** Of blocks and text. */
  characters: number;
  readonly over: Promise<void>;
  finish(): void;
}

/** Text is made bytes in pieces of this size: strings that were joined from many parts take several times the memory. */
const BLOCK_CHARACTERS = 65_536;

/**
 * Joins the lines that come while a write is under way into the next write. Bounded by its user, who looks at `isFull`
 * (`mostCharacters` wait): what is still written then is the answers to packets that are out already.
 */
export function createLineSink(target: LineTarget, mostCharacters: number): LineSink {
  let open = createBatch();
  let underWay: Batch | null = null;
  let writtenBytes = target.startBytes;
  let failure: UserError | null = null;
  let fail: (error: UserError) => void = () => undefined;
  const failed = new Promise<UserError>((resolve) => {
    fail = resolve;
  });

  /** Writes one batch after the other until none is left; never rejects. */
  async function pump(): Promise<void> {
    while (open.characters > 0) {
      const batch = open;
      underWay = batch;
      // Lines that are written in this turn go together.
      await Promise.resolve();
      open = createBatch();
      for (const block of [...batch.blocks, Buffer.from(batch.text)]) await put(block);
      batch.finish();
    }
    underWay = null;
  }

  async function put(bytes: Uint8Array): Promise<void> {
    if (failure !== null || bytes.length === 0) return;
    try {
      await target.write(bytes);
      writtenBytes += bytes.length;
    } catch (error) {
      failure = failureOf(target.name, error);
      fail(failure);
    }
  }

  return {
    failed,
    get isFull() {
      const writing = underWay === null || underWay === open ? 0 : underWay.characters;
      return open.characters + writing > mostCharacters;
    },
    get writtenBytes() {
      return writtenBytes;
    },
    write(line) {
      if (failure !== null) return;
      open.text += line;
      open.characters += line.length;
      if (open.text.length > BLOCK_CHARACTERS) {
        open.blocks.push(Buffer.from(open.text));
        open.text = "";
      }
      if (underWay === null) void pump();
    },
    async flush() {
      const last = open.characters > 0 ? open : underWay;
      await last?.over;
      if (failure !== null) throw failure;
      await target.sync();
    },
    async close() {
      while (underWay !== null) await underWay.over;
      await target.close();
    },
  };
}

function createBatch(): Batch {
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { blocks: [], text: "", characters: 0, over, finish };
}

function failureOf(name: string, cause: unknown): UserError {
  const code = errorCode(cause);
  if (code === "EPIPE") return new ReaderGone(`${name} was closed by its reader`, { remedy: "", cause });
  return new UserError(`${name} cannot be written (${code === "" ? errorMessage(cause) : code})`, {
    remedy: "make room or name another file, then go on with --resume or begin again",
    cause,
  });
}
