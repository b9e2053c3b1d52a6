import { readFileSync } from "node:fs";
import type { Argv } from "yargs";
import { errorMessage, UserError } from "../../shared/errors.js";
import { clusterLayout, databaseName, type Layout, SINGLE_NODE } from "../store/layout.js";
import type { StoreOptions } from "../store/store.js";

/** What commands take that use a ClickHouse server themselves. */
export interface ClickHouseArguments {
  clickhouseUser: string;
  clickhousePasswordFile: string | undefined;
  clickhouseCluster: string | undefined;
  database: string;
}

export function withClickHouseOptions<T>(args: Argv<T>): Argv<T & ClickHouseArguments> {
  return args
    .option("clickhouseUser", { type: "string", default: "parallax", describe: "User of ClickHouse" })
    .option("clickhousePasswordFile", { type: "string", describe: "File with the user's password" })
    .option("clickhouseCluster", {
      type: "string",
      describe: "Cluster over which campaigns are shared out, by its name in <remote_servers>; none: one server",
    })
    .option("database", { type: "string", default: "parallax", describe: "Database of the tables" });
}

/** @throws UserError for a name that is none */
export function layoutOf({ clickhouseCluster, database }: ClickHouseArguments): Layout {
  databaseName(database);
  return clickhouseCluster === undefined ? SINGLE_NODE : clusterLayout(clickhouseCluster, database);
}

/** @throws UserError when the password cannot be read, or a name is none */
export function storeOptions(url: string, args: ClickHouseArguments): StoreOptions {
  return {
    url: serverUrl(url),
    username: args.clickhouseUser,
    password: secret("--clickhouse-password-file", args.clickhousePasswordFile),
    database: args.database,
    layout: layoutOf(args),
  };
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.search === "") return text;
  throw new UserError(`--clickhouse ${text} is no address of ClickHouse's HTTP interface`, {
    remedy: "write http://HOST:8123 or https://HOST:8443; user and password have options of their own",
    exitCode: 2,
  });
}

/** Content of a file with a password or token; empty where none is named. @throws UserError */
export function secret(option: string, file: string | undefined): string {
  if (file === undefined) return "";
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new UserError(`${option}: ${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: "name a file that this user can read",
      exitCode: 2,
      cause,
    });
  }
}
