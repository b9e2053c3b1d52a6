import type { ScriptedWorldText } from "../../agent/sim/scripted-spec.js";
import { KERNEL_RULES, type KernelRule, PORTS } from "./networks.js";
import { BOXES, type End, type Link, type Route, type Rule, type Topology } from "./topology.js";

type NodeText = ScriptedWorldText["nodes"][number];

/** The lab as a script for the simulator: the same nodes, links, routes, rules and servers, without a kernel. */
export function simulationOf(topology: Topology): ScriptedWorldText {
  return {
    nodes: topology.nodes.filter((name) => name !== BOXES).map((name) => nodeOf(topology, name)),
    links: topology.links.map(({ a, b, box }) => ({
      ends: [endOf(a), endOf(b)],
      ...(box === undefined ? {} : { box: [...box.behaviours] }),
    })),
    routes: topology.routes.flatMap((route) => routeOf(topology.links, route)),
    vantages: topology.machines.map(({ name }) => ({ name, node: name })),
  };
}

function endOf({ node, addresses }: End): ScriptedWorldText["links"][number]["ends"][number] {
  return { node, addresses: [...addresses] };
}

function nodeOf(topology: Topology, name: string): NodeText {
  const isSilent = topology.rules.some(({ node, rule }) => node === name && rule === "silent");
  return {
    name,
    owns: topology.routes.flatMap(({ node, to, via }) => (node === name && via === undefined ? [localPrefix(to)] : [])),
    boxes: topology.rules.flatMap(({ node, rule, to }) =>
      node === name && isBox(rule) ? [{ behaviours: [KERNEL_RULES[rule]], to: [...to] }] : [],
    ),
    servers: isSilent
      ? [{ server: "silent", addresses: [...EVERYWHERE] }]
      : topology.listeners
          .filter(({ node }) => node === name)
          .map(({ kind, addresses }) => ({
            server: kind,
            addresses: addresses.flatMap((address) => (address === "" ? EVERYWHERE : [address])),
            ports: [...PORTS],
          })),
  };
}

/** The others are about what a kernel answers, and there is none. */
function isBox(rule: Rule["rule"]): rule is KernelRule {
  return rule in KERNEL_RULES;
}

const EVERYWHERE = ["0.0.0.0/0", "::/0"];

/** `local 198.18.0.0/16`, as the kernel wants it, is a prefix of the node's own. */
function localPrefix(to: string): string {
  return to.replace(/^local /, "");
}

function routeOf(links: readonly Link[], { node, to, via, interface: device }: Route): ScriptedWorldText["routes"] {
  if (via === undefined) return [];
  const prefix = to === "default" ? (via.includes(":") ? "::/0" : "0.0.0.0/0") : to;
  const isThere = ({ node: at, interface: name }: End): boolean => at === node && name === device;
  const link = device === undefined ? -1 : links.findIndex(({ a, b }) => isThere(a) || isThere(b));
  return [{ node, to: prefix, via, ...(link < 0 ? {} : { link }) }];
}
