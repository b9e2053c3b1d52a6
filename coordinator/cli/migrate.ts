import type { Argv, CommandModule } from "yargs";
import { errorMessage, UserError } from "../../shared/errors.js";
import { createDatabase, migrate, readMigrations, renderMigrations } from "../store/migrate.js";
import { createStore } from "../store/store.js";
import { type ClickHouseArguments, layoutOf, storeOptions, withClickHouseOptions } from "./clickhouse-options.js";
import type { CommonArguments } from "./common.js";

interface MigrateArguments extends CommonArguments, ClickHouseArguments {
  clickhouse: string | undefined;
  dryRun: boolean;
}

/** A database that every ClickHouse server has: one connects to it before there are tables. */
const ALWAYS_THERE = "system";

/** `parallax migrate`: makes or upgrades the tables of a ClickHouse server or cluster. */
export const migrateCommand: CommandModule<CommonArguments, MigrateArguments> = {
  command: "migrate",
  describe: "Make or upgrade the tables of a ClickHouse server or cluster",
  builder: (args: Argv<CommonArguments>) =>
    withClickHouseOptions(args)
      .option("clickhouse", { type: "string", describe: "ClickHouse, as http://host:port" })
      .option("dryRun", { type: "boolean", default: false, describe: "Print the SQL for all of it and run nothing" }),
  handler: async ({ json, ...args }) => {
    if (args.dryRun) {
      process.stdout.write(json ? `${JSON.stringify(script(args))}\n` : sqlText(args));
      return;
    }
    if (args.clickhouse === undefined) {
      throw new UserError("migrate does not know which ClickHouse", {
        remedy: "name it with --clickhouse http://HOST:8123, or use --dry-run; `parallax up` upgrades its own",
        exitCode: 2,
      });
    }
    const applied = await apply(args.clickhouse, args);
    const text = applied.length === 0 ? "nothing to do: the tables are current" : `applied ${applied.join(", ")}`;
    process.stdout.write(json ? `${JSON.stringify({ applied })}\n` : `${text}\n`);
  },
};

async function apply(url: string, args: ClickHouseArguments): Promise<string[]> {
  const options = storeOptions(url, args);
  const server = createStore({ ...options, database: ALWAYS_THERE });
  const store = createStore(options);
  try {
    await server.command(createDatabase(args.database, store.layout));
    return await migrate(store, readMigrations());
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`the tables at ${url} cannot be made: ${errorMessage(cause).split("\n")[0]}`, {
      remedy:
        "see --clickhouse and its options; the user needs the rights to create and alter tables, and on a cluster CLUSTER",
      cause,
    });
  } finally {
    await store.close();
    await server.close();
  }
}

/** Everything that an empty server would be told, in order. */
function script(args: ClickHouseArguments): { migration: string | null; sql: string }[] {
  const layout = layoutOf(args);
  return [
    { migration: null, sql: createDatabase(args.database, layout) },
    ...renderMigrations(readMigrations(), layout).flatMap(({ name, statements }) =>
      statements.map((sql) => ({ migration: name, sql })),
    ),
  ];
}

function sqlText(args: ClickHouseArguments): string {
  let last: string | null = null;
  return script(args)
    .map(({ migration, sql }) => {
      const head = migration === last ? "" : `-- ${migration}\n\n`;
      last = migration;
      return `${head}${sql};\n\n`;
    })
    .join("");
}
