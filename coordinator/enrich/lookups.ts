/** What prefix tables and data on networks say, as pieces of SQL. Without a snapshot nothing is known, and that is valid. */
export interface Lookups {
  /** Number of the network that announces an address (a column of type IPv6), 0 where unknown. */
  asn(address: string): string;
  /** ISO code of the country of an address, empty where unknown. */
  country(address: string): string;
  /** Latitude and longitude of an address, degrees north and east, as a tuple; NaN where unknown. */
  coordinates(address: string): string;
  /** Name of the exchange whose peering network an address is in, empty where it is in none or unknown. */
  exchange(address: string): string;
  /** A subquery with the columns asn, name, rank (0: unknown), country, network_type, a row per network. */
  readonly networks: string;
  /**
   * A subquery with the last scan of each address that operators imported: hop (the address as text), at (Unix seconds),
   * file, names Array(String), ports Array(Tuple(number, protocol, service, product)) that are open, os, os_accuracy.
   */
  readonly scans: string;
}

const NO_NETWORKS = `(
  SELECT toUInt32(0) AS asn, '' AS name, toUInt32(0) AS rank, '' AS country, '' AS network_type WHERE 0)`;

const NO_SCANS = `(
  SELECT '' AS hop, toUInt32(0) AS at, '' AS file, emptyArrayString() AS names,
    CAST([], 'Array(Tuple(UInt16, String, String, String))') AS ports, '' AS os, toUInt8(0) AS os_accuracy
  WHERE 0)`;

/** For a store into which nothing was imported. */
export const NO_LOOKUPS: Lookups = {
  asn: () => "toUInt32(0)",
  country: () => "''",
  coordinates: () => "(nan, nan)",
  exchange: () => "''",
  networks: NO_NETWORKS,
  scans: NO_SCANS,
};
