import { ByteBuffer } from "./byte-buffer.js";
import { type ColumnWriter, dateTime64, string, stringArray, uint32, uint64 } from "./column.js";

/** One line of an agent's ledger: a batch that was durable in its spool. */
export interface LedgerLine {
  /** From 0 without gaps, in the order in which the batches got into the spool. */
  readonly line: number;
  /** UUID text. */
  readonly batch: string;
  readonly table: string;
  readonly rows: number;
  /** SHA-256 of the batch's Native block, hexadecimal. */
  readonly sha256: string;
  /** Leases that have rows in it, each as `lease@epoch`. */
  readonly leases: readonly string[];
  readonly madeAtMs: number;
}

/** Lines as a Native block for the table `ledger`, without the constant columns; `ledger` is the file's name, a UUID. */
export function ledgerBlock(ledger: string, lines: readonly LedgerLine[]): Uint8Array {
  const columns = [
    column("row", uint32(), lines, (_line, number) => number),
    column("ledger", string(), lines, () => ledger),
    column("line", uint64(), lines, ({ line }) => line),
    column("made", string(), lines, ({ batch }) => batch),
    column("table", string(), lines, ({ table }) => table),
    column("rows", uint32(), lines, ({ rows }) => rows),
    column("sha256", string(), lines, ({ sha256 }) => sha256),
    column("leases", stringArray(), lines, ({ leases }) => leases),
    column("made_at", dateTime64(), lines, ({ madeAtMs }) => madeAtMs * 1_000),
  ];
  const start = new ByteBuffer();
  start.varint(columns.length);
  start.varint(lines.length);
  return Buffer.concat([start.view(), ...columns]);
}

function column<Value>(
  name: string,
  writer: ColumnWriter<Value>,
  lines: readonly LedgerLine[],
  read: (line: LedgerLine, number: number) => Value,
): Uint8Array {
  const header = new ByteBuffer();
  header.string(name);
  header.string(writer.type);
  for (const [number, line] of lines.entries()) writer.append(read(line, number));
  return Buffer.concat([header.view(), ...writer.parts.map((part) => part.view())]);
}
