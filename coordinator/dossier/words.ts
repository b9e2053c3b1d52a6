import { FINGERPRINTS } from "../compare/fingerprints.js";
import type { BoxDistance, Dossier, HostScan, OpenPort, QuoteStyle } from "./document.js";

/** A host that answers on every port tells nothing by its list of them. */
const MOST_PORTS = 20;

/** Where a box stands. */
export function placeWords({ place, address, seenFrom, seenInAnswersOnly, before }: Dossier): string {
  switch (place) {
    case "source":
      return `at the vantage point ${seenFrom.map(({ vantage }) => vantage).join(", ")} itself`;
    case "behind":
      return `at ${address} or right behind it`;
    case "at":
      if (!seenInAnswersOnly) return `at ${address} or right in front of it`;
      return before.length === 1 ? `at the host ${address} or right in front of it` : `in front of ${address}`;
  }
}

/** What knows the fingerprint's name not, gets the name. */
export function fingerprintWords(name: string): string {
  return FINGERPRINTS.find((one) => one.name === name)?.words ?? name;
}

/** Network, country and exchange of the box's address. */
export function networkWords({ asn, asName, country, exchange }: Dossier): string {
  if (asn === null && country === null && exchange === null) return "unknown";
  const network = asn === null ? "network unknown" : `AS${asn}${asName === null ? "" : ` ${asName}`}`;
  return [network, country, exchange].filter((part) => part !== null).join(", ");
}

export function quoteWords(quote: QuoteStyle | null): string {
  if (quote === null) return "no router quotes the change";
  const [fewest, most] = quote.tcpBytes;
  const bytes = fewest === most ? `${most}` : `${fewest} to ${most}`;
  const style = most <= 8 ? "the least that RFC 792 wants" : "with options, as RFC 1812 wants";
  const parts = [`${bytes} bytes of TCP (${style})`, `errors start with TTL ${quote.initialTtls.join(" or ")}`];
  return [...parts, ...quote.extensions].join("; ");
}

export function distanceWords({ hops: [nearest, farthest], rttUs }: BoxDistance): string {
  const from = nearest === 0 ? "within" : `between hop ${nearest} and`;
  const hops = nearest === 0 ? `${farthest} hop${farthest === 1 ? "" : "s"}` : `${farthest}`;
  return `${from} ${hops}, ${rttUs === null ? "round trip unknown" : `${(rttUs / 1000).toFixed(1)} ms`}`;
}

/** Operating system, names and time of an operator's scan. */
export function scanWords({ os, names, scannedAtMs, file }: HostScan): string {
  const system = os === null ? "no guess at its system" : `${os.name} (${os.accuracyPercent} %)`;
  return [system, ...names, `scanned ${minuteWords(scannedAtMs)} UTC (${file})`].join("; ");
}

/** Open ports of an operator's scan, a line each. */
export function portLines({ ports }: HostScan): string[] {
  if (ports.length === 0) return ["no open port"];
  const lines = ports.slice(0, MOST_PORTS).map(portWords);
  return ports.length > MOST_PORTS ? [...lines, `and ${ports.length - MOST_PORTS} more`] : lines;
}

function portWords({ port, protocol, service, product }: OpenPort): string {
  return [`${port}/${protocol}`, service, product].filter((part) => part !== "").join(" ");
}

/** UTC. */
export function minuteWords(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 16).replace("T", " ");
}
