import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../../shared/errors.js";

/** What a query that does not stream gives back. */
export interface EngineResult {
  readonly bytes: Buffer;
  readonly rowsRead: number;
}

/** One connection to the engine: settings and parameters stay its own. Statements run one after another. */
export interface EngineConnection {
  run(sql: string, format: string): Promise<EngineResult>;
  /** Chunks of a SELECT's result; each has the format's own header, if it has one. */
  stream(sql: string, format: string): AsyncIterable<Buffer>;
  close(): void;
}

export interface Engine {
  connect(): EngineConnection;
  close(): void;
}

/** The functions of chDB's native addon that are used; their handles are opaque. */
interface Native {
  CreateConnection(folder: string, args: readonly string[]): object;
  QueryAsyncConnection(connection: object, sql: string, format: string): Promise<{ bytes: Buffer; rowsRead: number }>;
  StreamQuery(connection: object, sql: string, format: string): object;
  StreamFetch(stream: object): Promise<{ bytes?: Buffer; done: boolean }>;
  StreamCancel(stream: object): void;
  CloseConnection(connection: object): void;
}

/**
 * Opens the engine on a folder. The addon is reached by the package's loader file, outside its exports, because its
 * sessions share parameters between connections: the version is pinned.
 * @throws UserError when the package is missing or another process has the folder
 */
export function openEngine(folder: string, args: readonly string[]): Engine {
  const native = loadNative();
  const connect = (): object => {
    try {
      return native.CreateConnection(folder, args);
    } catch (cause) {
      throw new UserError(`the warehouse cannot open ${folder}: ${firstLine(cause)}`, {
        remedy: "end the other process that uses this folder, or give another one with --data",
        cause,
      });
    }
  };
  // The engine lives as long as any connection: this one keeps it.
  const root = connect();
  return {
    connect: () => createConnection(native, connect()),
    close: () => native.CloseConnection(root),
  };
}

function createConnection(native: Native, connection: object): EngineConnection {
  async function* stream(sql: string, format: string): AsyncGenerator<Buffer> {
    const handle = native.StreamQuery(connection, sql, format);
    try {
      for (;;) {
        const chunk = await native.StreamFetch(handle);
        if (chunk.bytes !== undefined && chunk.bytes.length > 0) yield chunk.bytes;
        if (chunk.done) return;
      }
    } finally {
      native.StreamCancel(handle);
    }
  }
  return {
    run: (sql, format) => native.QueryAsyncConnection(connection, sql, format),
    stream,
    close: () => native.CloseConnection(connection),
  };
}

function loadNative(): Native {
  const require = createRequire(import.meta.url);
  try {
    const loader: { loadNative(): Native } = require(join(dirname(require.resolve("chdb")), "dist", "loader.js"));
    return loader.loadNative();
  } catch (cause) {
    throw new UserError(`the embedded warehouse is not installed: ${firstLine(cause)}`, {
      remedy: "run npm ci without --omit=optional, on Linux x64/arm64 or macOS",
      cause,
    });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
