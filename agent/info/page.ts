import { VARIANTS, type Variant } from "../../shared/probe/variant.js";

/** What the page tells. */
export interface InfoFacts {
  readonly contact: { readonly email: string; readonly url: string };
  readonly packetsPerSecond: number | null;
  /** Ports that may be probed from here; null: any. */
  readonly ports: readonly number[] | null;
  /** Prefixes that are left out of every scan from here. */
  readonly blockedPrefixes: number;
}

const PROBE_WORDS: Readonly<Record<Variant, string>> = {
  v0: "one with Multipath TCP version 0 (MP_CAPABLE, RFC 6824)",
  v1: "one with Multipath TCP version 1 (MP_CAPABLE, RFC 8684)",
  plain: "one without either, for comparison",
  "unknown-option": "one with an unassigned experimental option (RFC 6994), for comparison",
};

/** The page for whoever finds our packets in a log: what they are, who sends them, how to make them stop. */
export function infoPage({ contact, packetsPerSecond, ports, blockedPrefixes }: InfoFacts): string {
  const mail = escapeHtml(contact.email);
  const url = escapeHtml(contact.url);
  const rate =
    packetsPerSecond === null ? "" : ` All targets together get at most ${packetsPerSecond} packets per second.`;
  const where = ports === null ? "" : ` Only port${ports.length === 1 ? "" : "s"} ${ports.join(", ")}.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Internet measurement: Multipath TCP</title>
</head>
<body>
<h1>This machine measures the Internet</h1>
<p>If your firewall or server has seen packets from this address: they belong to a study of Multipath TCP and of the
middleboxes that keep it from working. It looks for no weakness, logs in nowhere and sends no data.</p>
<h2>What it sends</h2>
<p>TCP SYN packets, the first packet of a connection. No connection is completed. A target gets up to
${VARIANTS.length} kinds of them, each repeated only while nothing comes back:</p>
<ul>
${VARIANTS.map((variant) => `<li>${PROBE_WORDS[variant]}</li>`).join("\n")}
</ul>
<p>Some targets also get SYN packets with a low TTL, as traceroute sends them, to learn where on the path an option is
changed.${where}${rate}</p>
<h2>Who answers for it</h2>
<p><a href="mailto:${mail}">${mail}</a><br><a href="${url}">${url}</a></p>
<h2>How to opt out</h2>
<p>Write to <a href="mailto:${mail}">${mail}</a> and name your addresses or prefixes, as in 192.0.2.0/24. They are
then left out of every later scan from here; that holds for ${blockedPrefixes} prefix${blockedPrefixes === 1 ? "" : "es"} now.</p>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
