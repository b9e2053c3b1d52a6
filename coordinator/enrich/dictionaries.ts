import { inDatabase, onCluster } from "../store/layout.js";
import type { Store } from "../store/store.js";
import type { Topic } from "./entry.js";

interface PrefixDictionary {
  readonly attributes: string;
  readonly columns: string;
  readonly table: string;
}

/** Topics that are looked up by address: the longest prefix that an address is in decides. */
const BY_PREFIX: Partial<Record<Topic, PrefixDictionary>> = {
  origins: { attributes: "asn UInt32 DEFAULT 0", columns: "prefix, asn", table: "prefix_asn" },
  places: {
    attributes:
      "country String DEFAULT '', city String DEFAULT '', latitude Float64 DEFAULT nan, longitude Float64 DEFAULT nan",
    columns:
      "prefix, toString(country) AS country, city, ifNull(latitude, nan) AS latitude, ifNull(longitude, nan) AS longitude",
    table: "prefix_geo",
  },
  exchanges: {
    attributes: "exchange String DEFAULT '', asn UInt32 DEFAULT 0",
    columns: "prefix, exchange, asn",
    table: "ixps",
  },
};

/** Name of the dictionary of a topic in a snapshot; without a snapshot, of the last import. */
export function dictionaryName(topic: Topic, snapshot: number | null): string {
  return snapshot === null ? topic : `${topic}_${snapshot}`;
}

/**
 * Makes the dictionaries of a snapshot, and those without a number, for queries by hand, from its rows. The engine fills
 * one when it is asked for the first time.
 */
export async function makeDictionaries(store: Store, snapshot: number, topics: readonly Topic[]): Promise<void> {
  const database = await currentDatabase(store);
  for (const topic of topics) {
    const dictionary = BY_PREFIX[topic];
    if (dictionary === undefined) continue;
    // A node that fills its dictionary before it has all rows would keep it like that.
    await store.catchUp(dictionary.table, "everywhere");
    // The engine fills it in a session of its own, which knows no current database.
    const query = `SELECT ${dictionary.columns} FROM ${database}.${dictionary.table} FINAL WHERE snapshot = ${snapshot}`;
    for (const name of [dictionaryName(topic, snapshot), dictionaryName(topic, null)]) {
      await store.command(
        `CREATE OR REPLACE DICTIONARY ${inDatabase(store.layout)}${name}${onCluster(store.layout)} (prefix String, ${dictionary.attributes})
         PRIMARY KEY prefix
         SOURCE(CLICKHOUSE(QUERY '${query}'))
         LAYOUT(IP_TRIE) LIFETIME(0)`,
      );
    }
  }
}

async function currentDatabase(store: Store): Promise<string> {
  for await (const row of store.rows("SELECT currentDatabase() AS name")) return String(row.name);
  throw new Error("the store names no database");
}
