import { UserError } from "../../shared/errors.js";
import { isWord, type SqlToken } from "./sql.js";

/** Statements that read. */
const READING = new Set(["SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS"]);

/** Table functions that touch neither files nor the network. */
const SAFE_TABLE_FUNCTIONS: ReadonlySet<string> = new Set(
  "numbers numbers_mt zeros zeros_mt generate_series generateSeries generateRandom values view viewExplain null format"
    .split(" ")
    .map((name) => name.toLowerCase()),
);

/** Settings that decide what a reader may do; a query that names one is refused, whatever it would set it to. */
const PROTECTED_SETTINGS = new Set([
  "readonly",
  "allow_ddl",
  "allow_introspection_functions",
  "implicit_select",
  "dialect",
  // These carry SQL in a string, which is not looked into.
  "additional_result_filter",
  "additional_table_filters",
]);
/** Settings that a reader may give in the address; all others could undo a limit. */
const FREE_SETTINGS =
  /^((output_format|input_format|format|date_time|join|group_by|http|optimize|send_progress)_\w+|max_(threads|block_size|result_rows|rows_to_read|execution_time)|session_timezone|extremes)$/;

/** Formats' settings that name files or servers: a template is read from one, a schema is written to one. */
const FILE_SETTINGS = /^(format_template_|format_schema|output_format_schema$|format_avro_schema_registry_url$)/i;

/** Ordinary functions that read files or other resources of the process. */
const UNSAFE_FUNCTIONS = ["file", "catboostevaluate", "executable", "python", "s3", "url"];

/** The embedded engine's own database: its tables are the files of the working directory. */
const FILE_DATABASE = "default";

export interface Guard {
  /** Throws UserError unless the statement only reads, from this database alone. */
  check(tokens: readonly SqlToken[]): void;
  /** Throws UserError for a setting that a reader may not change. */
  checkSetting(name: string): void;
  /** Throws UserError for a database that a reader may not make its current one. */
  checkDatabase(name: string): void;
}

/**
 * What the operator's token may run: one statement that reads. The engine's `readonly = 1` is set as well, but is no
 * sandbox (`SETTINGS readonly = DEFAULT` escapes it, INTO OUTFILE and `file()` are not covered), so names decide here.
 * @param tableFunctions every table function that the engine knows
 */
export function createGuard(tableFunctions: Iterable<string>): Guard {
  const unsafe = new Set(UNSAFE_FUNCTIONS);
  for (const name of tableFunctions) if (!SAFE_TABLE_FUNCTIONS.has(name.toLowerCase())) unsafe.add(name.toLowerCase());

  const checkSetting = (name: string) => {
    if (!FREE_SETTINGS.test(name) || FILE_SETTINGS.test(name)) throw refuse(`the setting ${name} cannot be changed`);
  };

  const check = (tokens: readonly SqlToken[]) => {
    const first = tokens.find((token) => token.text !== "(");
    if (first?.kind !== "word" || !READING.has(first.text.toUpperCase())) {
      throw refuse(`${first?.text.toUpperCase() ?? "this"} is not a statement that reads`);
    }
    for (const [i, token] of tokens.entries()) {
      if (token.kind !== "word" && token.kind !== "quoted") continue;
      if (token.kind === "quoted" && /[\\/]/.test(token.text)) throw refuse(`the name "${token.text}" is not allowed`);
      if (token.text.toLowerCase() === FILE_DATABASE && tokens[i + 1]?.text === ".") {
        throw refuse(`the database ${FILE_DATABASE} holds files`);
      }
      if (PROTECTED_SETTINGS.has(token.text.toLowerCase()) || FILE_SETTINGS.test(token.text)) {
        throw refuse(`the setting ${token.text} cannot be changed`);
      }
      if (isWord(token, "DEFAULT") && tokens[i - 1]?.text === "=")
        throw refuse("no setting can be put back to its default");
      if (isWord(token, "IDENTIFIER") && tokens[i - 1]?.text === ":") throw refuse("a parameter cannot be a name");
      if (isWord(token, "OUTFILE")) throw refuse("INTO OUTFILE writes a file");
      if (tokens[i + 1]?.text === "(" && unsafe.has(token.text.toLowerCase())) {
        throw refuse(`the function ${token.text} reaches outside the database`);
      }
    }
    checkTableNames(tokens);
  };

  const checkDatabase = (name: string) => {
    if (name.toLowerCase() === FILE_DATABASE) throw refuse(`the database ${FILE_DATABASE} holds files`);
  };

  return { check, checkSetting, checkDatabase };
}

/** The embedded engine takes a string in the place of a table for the name of a file. */
function checkTableNames(tokens: readonly SqlToken[]): void {
  for (const [i, token] of tokens.entries()) {
    if (
      (isWord(token, "FROM") || isWord(token, "JOIN") || isWord(token, "TABLE")) &&
      tokens[i + 1]?.kind === "string"
    ) {
      throw refuse("a table's name cannot be a string");
    }
  }
}

function refuse(message: string): UserError {
  return new UserError(message, { remedy: "this token reads only, from the tables of this database" });
}
