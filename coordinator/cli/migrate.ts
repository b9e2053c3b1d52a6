import type { Argv, CommandModule } from "yargs";
import { errorMessage, UserError } from "../../shared/errors.js";
import { createDatabase, migrate, readMigrations, renderMigrations } from "../store/migrate.js";
import { roleStatements } from "../store/roles.js";
import { createStore } from "../store/store.js";
import { type ClickHouseArguments, layoutOf, storeOptions, withClickHouseOptions } from "./clickhouse-options.js";
import type { CommonArguments } from "./common.js";

interface MigrateArguments extends CommonArguments, ClickHouseArguments {
  clickhouse: string | undefined;
  dryRun: boolean;
  roles: boolean;
}

/** A database that every ClickHouse server has: one connects to it before there are tables. */
const ALWAYS_THERE = "system";
const ROLES = "roles";

/** `parallax migrate`: makes or upgrades the tables of a ClickHouse server or cluster. */
export const migrateCommand: CommandModule<CommonArguments, MigrateArguments> = {
  command: "migrate",
  describe: "Make or upgrade the tables and roles of a ClickHouse server or cluster",
  builder: (args: Argv<CommonArguments>) =>
    withClickHouseOptions(args)
      .option("clickhouse", { type: "string", describe: "ClickHouse, as http://host:port" })
      .option("roles", { type: "boolean", default: true, describe: "Make the roles as well; --no-roles leaves them" })
      .option("dryRun", { type: "boolean", default: false, describe: "Print the SQL for all of it and run nothing" }),
  handler: async (args) => {
    const { json } = args;
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

async function apply(url: string, args: MigrateArguments): Promise<string[]> {
  const options = storeOptions(url, args);
  const server = createStore({ ...options, database: ALWAYS_THERE });
  const store = createStore(options);
  try {
    await server.command(createDatabase(args.database, store.layout));
    const applied = await migrate(store, readMigrations());
    if (args.roles) for (const sql of roleStatements(args.database, store.layout)) await server.command(sql);
    return applied;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`the tables and roles at ${url} cannot be made: ${errorMessage(cause).split("\n")[0]}`, {
      remedy: "see --clickhouse and its options, and the rights in docs/results.md; --no-roles leaves the roles alone",
      cause,
    });
  } finally {
    await store.close();
    await server.close();
  }
}

/** Everything that an empty server would be told, in order. */
function script(args: MigrateArguments): { migration: string | null; sql: string }[] {
  const layout = layoutOf(args);
  return [
    { migration: null, sql: createDatabase(args.database, layout) },
    ...renderMigrations(readMigrations(), layout).flatMap(({ name, statements }) =>
      statements.map((sql) => ({ migration: name, sql })),
    ),
    ...(args.roles ? roleStatements(args.database, layout).map((sql) => ({ migration: ROLES, sql })) : []),
  ];
}

function sqlText(args: MigrateArguments): string {
  let last: string | null = null;
  return script(args)
    .map(({ migration, sql }) => {
      const head = migration === last ? "" : `-- ${migration}\n\n`;
      last = migration;
      return `${head}${sql};\n\n`;
    })
    .join("");
}
