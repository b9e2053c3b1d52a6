import { type Outcome, ZOO_SITES, type ZooEntry, type ZooSite } from "./entry.js";
import { ZOO, zooNetwork } from "./zoo.js";

/** Behaviours of the list that no SYN and no trace meets, or that no box between two ends of a wire can have. */
const ELSEWHERE: readonly (readonly [id: string, name: string, why: string])[] = [
  ["9c", "TCP Fast Open taken out", "the SYNs of a scan do not ask for it"],
  ["12b", "NAT64, carrier-grade NAT", "to the prober a path like any other: the translator restores quotes, as in 12a"],
  ["13", "hairpin translation", "happens between two hosts behind the same box"],
  ["23", "TTL reset, or not decremented", "the hops behind it do not show; those that do are judged as they are"],
  ["31", "acknowledgements injected into the handshake", "comes behind the SYN exchange"],
  ["33", "segments joined, DSS lost", "comes behind the handshake"],
  ["34", "payload changed", "comes behind the handshake"],
  ["41", "SYN/ACK injected", "the same answer as a SYN proxy's (26), and the host's own is a duplicate"],
  ["42", "block page", "comes with the data"],
];

const HEAD = `# Middleboxes

What boxes do to Multipath TCP and to TCP, and what Parallax makes of each when it sends SYNs and traces: measured in the simulator (three worlds, a box near the source, in transit, near the host) and on real packets in the lab (near the host, in the way of a bump in the wire that runs the same rules). The list follows RFC 8684 sections 3.7 and 6, RFC 8041, Honda et al. (IMC 2011) and Hesmans et al. (PAM 2013). This page is written by \`npm run generate:docs\` from what the tests hold the code to.

How to read the columns: *a view* is what one vantage point sees whose path leads through the box; *condition* is what its traces show, first at the router behind the box; *host* is the judgement when every vantage point looks through the box. A box that only some look through never hides a host: the others see it as it is.

| # | behaviour | view | condition | host | what cannot be seen, and why |
|---|---|---|---|---|---|
`;

const TAIL = `
## Not met by SYNs and traces

| # | behaviour | why |
|---|---|---|
`;

/** The table of all behaviours, in Markdown. */
export function zooDocument(): string {
  const rest = ELSEWHERE.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return `${HEAD}${ZOO.map(line).join("")}${TAIL}${rest}`;
}

function line(entry: ZooEntry): string {
  const { id, name, outcome } = entry;
  const why = "why" in outcome ? outcome.why : outcome.kind === "echoes" ? ECHO_LIMIT : "";
  return `| ${[id, name, `\`${viewOf(entry)}\``, conditionsOf(outcome), `\`${hostOf(entry)}\``, why].join(" | ")} |\n`;
}

const ECHO_LIMIT = "where the option turns: no quote shows an answer; who sees the echo tells";

function viewOf(entry: ZooEntry): string {
  return zooNetwork(entry, "near-destination", 1).view;
}

function hostOf(entry: ZooEntry): string {
  return zooNetwork(entry, "near-destination", 1).hostVerdict;
}

function sitesOf(sites: readonly ZooSite[]): string {
  return sites.length === ZOO_SITES.length ? "" : ` (${sites.map((site) => SITE_WORDS[site]).join(", ")})`;
}

const SITE_WORDS: Readonly<Record<ZooSite, string>> = {
  "near-source": "near the source",
  transit: "in transit",
  "near-destination": "near the host",
};

function conditionsOf(outcome: Outcome): string {
  if (outcome.kind === "echoes") return "`tcp.option.mptcp.echoed`";
  if (outcome.kind === "proxies") return `\`tcp.synack.proxied\`${sitesOf(outcome.sites)}`;
  if (!("conditions" in outcome)) return "";
  const names = (list: readonly { condition: string }[]) => list.map(({ condition }) => `\`${condition}\``).join(", ");
  const ipv4 = names(outcome.conditions);
  const ipv6 = "conditions6" in outcome && outcome.conditions6 !== undefined ? names(outcome.conditions6) : ipv4;
  const nearSource = "nearSource" in outcome ? `, ${names(outcome.nearSource ?? [])} (near the source)` : "";
  if (ipv4 === ipv6) return `${ipv4}${nearSource}`;
  return [ipv4 === "" ? "" : `IPv4: ${ipv4}`, ipv6 === "" ? "" : `IPv6: ${ipv6}`]
    .filter((text) => text !== "")
    .join("; ");
}
