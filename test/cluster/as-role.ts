import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openEngine } from "../../coordinator/warehouse/engine.js";

/** Statements, each with the role in which it runs; null: with all rights. */
export interface AsRole {
  readonly folder: string;
  readonly database: string;
  /** Rights of each role, as GRANT has them in front of TO. */
  readonly rights: Readonly<Record<string, readonly string[]>>;
  readonly statements: readonly (readonly [role: string | null, sql: string])[];
}

const ALL_RIGHTS = "all_rights";

/**
 * Runs statements in the engine under roles, and answers with the error of each, or null. As a library the engine makes no
 * roles by SQL: they come from a file of users. The rights in it are those of the SQL.
 */
process.once("message", (message: AsRole) => void run(message));

async function run({ folder, database, rights, statements }: AsRole): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const users = join(folder, "users.xml");
  const configuration = join(folder, "config.xml");
  writeFileSync(users, usersFile(rights));
  writeFileSync(configuration, `<clickhouse><users_config>${users}</users_config></clickhouse>`);
  const engine = openEngine(join(folder, "data"), [`--config-file=${configuration}`]);
  const outcomes: (string | null)[] = [];
  for (const [role, sql] of statements) {
    const connection = engine.connect();
    const outcome = await connection
      .run(`SET ROLE ${ALL_RIGHTS}`, "Null")
      .then(() => connection.run(`CREATE DATABASE IF NOT EXISTS ${database}`, "Null"))
      .then(() => connection.run(`USE ${database}`, "Null"))
      .then(() => connection.run(`SET ROLE ${role ?? ALL_RIGHTS}`, "Null"))
      .then(() => connection.run(sql, "Null"))
      .then(
        () => null,
        (error: unknown) => String(error),
      );
    outcomes.push(outcome);
    connection.close();
  }
  // Not by exit(): the engine's destructors may wait for ever.
  process.send?.(outcomes, () => process.kill(process.pid, "SIGKILL"));
}

function usersFile(rights: AsRole["rights"]): string {
  const queries = (all: readonly string[]) => `<grants>${all.map((one) => `<query>${one}</query>`).join("")}</grants>`;
  const roles = { ...rights, [ALL_RIGHTS]: ["GRANT ALL ON *.*"] };
  return `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>${Object.entries(roles)
    .map(([name, all]) => `<${name}>${queries(all)}</${name}>`)
    .join("")}</roles>
  <users><default>
    <password></password><profile>default</profile><quota>default</quota><networks><ip>::/0</ip></networks>
    ${queries(Object.keys(roles).map((name) => `GRANT ${name}`))}
  </default></users>
</clickhouse>`;
}
