import yargs, { type Argv } from "yargs";
import { errorMessage, UserError } from "../errors.js";
import { VERSION } from "../version.js";

/** `Globals`: the options that every command has. */
export interface Program<Globals> {
  /** What the user types. */
  readonly name: string;
  /** Adds the commands. */
  commands(parser: Argv<Globals>): unknown;
  /** Options of every command, besides --json. */
  readonly globals?: Readonly<Record<string, { type: "string"; default: string | undefined; describe: string }>>;
}

/**
 * A program from its arguments to its exit code: 0 done, 1 failed, 2 wrong usage or configuration. What went wrong is
 * one line on stderr, with --json one JSON document.
 */
export async function runProgram<Globals>(
  { name, commands, globals = {} }: Program<Globals>,
  args: readonly string[],
  stderr: (text: string) => void,
): Promise<0 | 1 | 2> {
  try {
    const parser = yargs([...args])
      .scriptName(name)
      .usage("$0 <command>")
      .options(globals)
      .option("json", { type: "boolean", default: false, describe: "Machine-readable output" })
      .demandCommand(1, "no command is given")
      .strict()
      .detectLocale(false)
      .version(VERSION)
      .help()
      .exitProcess(false)
      .fail((message: string | null, error: Error | undefined) => {
        throw error ?? wrongUsage(name, message);
      });
    commands(parser as unknown as Argv<Globals>);
    await parser.parseAsync();
    return 0;
  } catch (error) {
    stderr(args.includes("--json") ? `${JSON.stringify(documentOf(error))}\n` : `${name}: ${lineOf(name, error)}\n`);
    return error instanceof UserError ? error.exitCode : 1;
  }
}

function wrongUsage(name: string, message: string | null): UserError {
  const what = (message ?? "wrong usage").replace(/\s*\n\s*/g, ": ");
  return new UserError(what, { remedy: `see ${name} --help`, exitCode: 2 });
}

function lineOf(name: string, error: unknown): string {
  return error instanceof UserError ? error.line.replaceAll("\n", `\n${name}: `) : errorMessage(error);
}

function documentOf(error: unknown): { error: string; remedy: string } {
  return { error: errorMessage(error), remedy: error instanceof UserError ? error.remedy : "" };
}
