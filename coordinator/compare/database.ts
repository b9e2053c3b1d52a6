/** What the comparison needs of the database; query parameters are ClickHouse's `{name:Type}`. */
export interface Database {
  command(sql: string, parameters: Parameters): Promise<void>;
  /** Rows of a SELECT as objects, in order, without holding them all. UInt64 values come as numbers where they fit. */
  rows(sql: string, parameters: Parameters): AsyncIterable<Readonly<Record<string, unknown>>>;
  /** Inserts objects whose keys are column names. */
  insertRows(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
}

export type Parameters = Readonly<Record<string, string | number | readonly string[] | readonly number[]>>;
