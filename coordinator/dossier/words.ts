import { FINGERPRINTS } from "../compare/fingerprints.js";
import type { BoxDistance, Dossier, QuoteStyle } from "./document.js";

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
