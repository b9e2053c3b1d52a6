import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { UserError } from "../../shared/errors.js";
import type { KernelRule } from "./networks.js";
import { BOXES, type End, type Link, type Rule, type Topology } from "./topology.js";

const run = promisify(execFile);
/** The part of a topology that the kernel is told. */
export type Structure = Pick<Topology, "nodes" | "links" | "routes" | "rules">;

/** Namespaces set up at a time. */
const PARALLEL = 4;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Makes every namespace, link, address, route and rule of a topology, in the /run of this mount namespace. */
export async function buildTopology(topology: Structure): Promise<void> {
  await ip(topology.nodes.map((node) => `netns add ${node}`));
  // Before the first link: what new interfaces begin with.
  await inEach(topology.nodes, (node) => (node === BOXES ? SILENT_SETTINGS : ROUTER_SETTINGS));
  await ip(topology.links.flatMap(linkCommands));
  await inEach(topology.nodes, (node) => setUpScript(topology, node));
}

/** Runs a shell script in a namespace; rejects with what it printed. */
export async function inNamespace(namespace: string, argv: readonly string[]): Promise<string> {
  const { stdout } = await run("nsenter", [`--net=/run/netns/${namespace}`, ...argv], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout;
}

const set = (name: string, value: string) => `echo ${value} > /proc/sys/net/${name}`;
/** Not every kernel has these per namespace. */
const trySet = (name: string, value: string) => `{ ${set(name, value)}; } 2>/dev/null || true`;

const ROUTER_SETTINGS = [
  set("ipv4/ip_forward", "1"),
  set("ipv6/conf/all/forwarding", "1"),
  set("ipv4/conf/all/rp_filter", "0"),
  set("ipv4/conf/default/rp_filter", "0"),
  set("ipv6/conf/default/accept_dad", "0"),
  set("ipv6/conf/default/dad_transmits", "0"),
  // The limits of ICMP errors are for the Internet; here every quote counts.
  set("ipv4/icmp_ratemask", "0"),
  trySet("ipv4/icmp_msgs_per_sec", "1000000"),
  trySet("ipv4/icmp_msgs_burst", "1000000"),
  trySet("ipv6/icmp/ratemask", '""'),
  trySet("ipv6/icmp/ratelimit", "0"),
  // A burst of SYNs must not switch to cookies, which forget options.
  set("core/somaxconn", "65535"),
  set("ipv4/tcp_max_syn_backlog", "65535"),
  set("ipv4/tcp_syncookies", "0"),
].join("\n");

const SILENT_SETTINGS = [set("ipv6/conf/default/disable_ipv6", "1"), set("ipv6/conf/all/disable_ipv6", "1")].join("\n");

function linkCommands({ a, b, box }: Link): string[] {
  const veth = (one: string, oneNode: string, other: string, otherNode: string) =>
    `link add ${one} netns ${oneNode} type veth peer name ${other} netns ${otherNode}`;
  if (box === undefined) return [veth(a.interface, a.node, b.interface, b.node)];
  const [near, far] = boxEnds({ a, b, box });
  return [
    veth(near.end.interface, near.end.node, near.box, BOXES),
    veth(far.end.interface, far.end.node, far.box, BOXES),
  ];
}

/** Which end of a link its box's two interfaces face: the first one is toward the vantage points. */
function boxEnds({ a, b, box }: Required<Link>): [{ end: End; box: string }, { end: End; box: string }] {
  const [first, second] = box.interfaces;
  // Links are made from parent (a) to child (b); below core-b's edges the child is the far end.
  const away = /^(edge|inner|host)-/.test(b.node);
  return away
    ? [
        { end: a, box: first },
        { end: b, box: second },
      ]
    : [
        { end: b, box: first },
        { end: a, box: second },
      ];
}

function setUpScript(topology: Structure, node: string): string {
  const lines = ["link set lo up"];
  const ends = topology.links.flatMap(({ a, b }) => [a, b]).filter((end) => end.node === node);
  for (const end of ends) {
    for (const address of end.addresses)
      lines.push(`addr add ${address} dev ${end.interface}${address.includes(":") ? " nodad" : ""}`);
    lines.push(`link set ${end.interface} up`);
  }
  if (node === BOXES) {
    for (const name of topology.links.flatMap(({ box }) => box?.interfaces ?? [])) lines.push(`link set ${name} up`);
  }
  for (const { node: at, to, via, interface: device } of topology.routes) {
    if (at !== node) continue;
    const family = (via ?? to).includes(":") ? "-6 " : "";
    const through = device === undefined ? "" : ` dev ${device} onlink`;
    lines.push(via === undefined ? `route add ${to} dev lo` : `${family}route add ${to} via ${via}${through}`);
  }
  // The `-6` of a batch line is not understood: IPv6 routes go into a batch of their own.
  const batch = (wanted: boolean) => lines.filter((line) => line.startsWith("-6 ") === wanted);
  const sixes = batch(true).map((line) => line.slice(3));
  return [
    heredoc("ip -batch -", batch(false)),
    ...(sixes.length > 0 ? [heredoc("ip -6 -batch -", sixes)] : []),
    // Packets of the kernel's own TCP must carry whole checksums: boxes and raw sockets see them as they are.
    ...ends.map((end) => `ethtool -K ${end.interface} tx off gso off tso off gro off >/dev/null 2>&1 || true`),
    ...topology.rules.filter((rule) => rule.node === node).flatMap(ruleCommands),
  ].join("\n");
}

function heredoc(command: string, lines: readonly string[]): string {
  return `${command} <<'END'\n${lines.join("\n")}\nEND`;
}

function ruleCommands({ rule, to }: Rule): string[] {
  if (rule === "handshakes") return [`nft -f ${HANDSHAKE_RULE}`];
  if (rule === "silent") return ["iptables", "ip6tables"].map((command) => `${command} -A INPUT -p tcp -j DROP`);
  return to.flatMap((prefix) => {
    const command = prefix.includes(":") ? "ip6tables" : "iptables";
    return RULES[rule].map((text) => `${command} ${text.replace("DESTINATION", `-d ${prefix} -p tcp`)}`);
  });
}

/** The file that a service manager loads on a real machine. */
const HANDSHAKE_RULE = fileURLToPath(new URL("../nft/parallax-handshake.nft", import.meta.url));

const RULES: Readonly<Record<KernelRule, readonly string[]>> = {
  "nop-fill": ["-t mangle -A FORWARD DESTINATION -j TCPOPTSTRIP --strip-options 30"],
  "drop-option": ["-A FORWARD DESTINATION --tcp-option 30 -j DROP"],
  "reset-option": ["-A FORWARD DESTINATION --tcp-option 30 -j REJECT --reject-with tcp-reset"],
  "drop-unknown": ["-A FORWARD DESTINATION --tcp-option 30 -j DROP", "-A FORWARD DESTINATION --tcp-option 253 -j DROP"],
  "clamp-mss": ["-t mangle -A FORWARD DESTINATION --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1380"],
};

async function ip(lines: readonly string[]): Promise<void> {
  await shell(heredoc("ip -batch -", lines), "sh", []);
}

async function inEach(nodes: readonly string[], script: (node: string) => string): Promise<void> {
  const waiting = [...nodes];
  const work = async () => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      await shell(script(node), "nsenter", [`--net=/run/netns/${node}`, "sh"]);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

async function shell(script: string, program: string, args: readonly string[]): Promise<void> {
  await run(program, [...args, "-e", "-c", script]).catch((cause: { stderr?: string; message?: string }) => {
    const reason = (cause.stderr || cause.message || "").trim().split("\n").slice(0, 3).join(" ");
    throw new UserError(`the lab cannot be built: ${reason}`, {
      remedy: "the kernel needs veth, IPv6, nf_tables and netfilter's TCPOPTSTRIP, TCPMSS and REJECT; run as root",
      cause,
    });
  });
}
