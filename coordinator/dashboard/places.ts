import { z } from "zod";
import { textAddress } from "../compare/rows.js";
import { dictionaryName } from "../enrich/dictionaries.js";
import { readPins } from "../enrich/pins.js";
import type { AgentView } from "../session/fleet.js";
import { ipv6Text } from "../store/address-text.js";
import type { Store } from "../store/store.js";
import type { VantagePlace } from "./overview.js";

type Agent = Pick<AgentView, "agent" | "vantage" | "referenceAddresses" | "selfTest">;

const place = z.object({
  address: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  city: z.string(),
  country: z.string(),
});

/** Far in the future: the newest data that there are. */
const NEWEST = "2149-01-01";

/**
 * Where vantage points are, by what imported data say of an agent's own address, or else of the first hops on its way out;
 * unknown without.
 */
export async function readPlaces(store: Store, agents: readonly Agent[]): Promise<VantagePlace[]> {
  const byVantage = new Map<string, Agent[]>();
  for (const agent of agents) byVantage.set(agent.vantage, [...(byVantage.get(agent.vantage) ?? []), agent]);
  const addresses = [...new Set(agents.flatMap(addressesOf))];
  const known = new Map((await lookUp(store, addresses)).map((found) => [found.address, found]));
  return [...byVantage].sort().map(([vantage, own]) => ({
    vantage,
    agents: own.map(({ agent }) => agent).sort(),
    place: own.flatMap(addressesOf).flatMap((address) => known.get(address) ?? [])[0] ?? null,
  }));
}

function addressesOf({ referenceAddresses, selfTest }: Agent): string[] {
  return [...referenceAddresses, ...(selfTest?.exitHops ?? []).filter((hop) => hop !== null)];
}

async function lookUp(store: Store, addresses: readonly string[]): Promise<z.output<typeof place>[]> {
  const snapshot = (await readPins(store, NEWEST)).find(({ topic }) => topic === "places")?.snapshot;
  if (snapshot === undefined || addresses.length === 0) return [];
  const get = (attribute: string) => `dictGet('${dictionaryName("places", snapshot)}', '${attribute}', tuple(hop))`;
  const found: z.output<typeof place>[] = [];
  const sql = `
    SELECT ${textAddress("hop")} AS address, ${get("latitude")} AS latitude, ${get("longitude")} AS longitude,
      ${get("city")} AS city, ${get("country")} AS country
    FROM (SELECT toIPv6(arrayJoin({addresses:Array(String)})) AS hop)
    WHERE NOT isNaN(latitude) AND NOT isNaN(longitude)`;
  for await (const row of store.rows(sql, { addresses: addresses.map(ipv6Text) })) found.push(place.parse(row));
  return found;
}
