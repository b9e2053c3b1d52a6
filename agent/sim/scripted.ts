import { addressFamily } from "../../shared/address/address.js";
import { type Prefix, prefixContains } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { Behaviour } from "../../shared/middlebox/behaviour.js";
import { createRule } from "../../shared/middlebox/box.js";
import { FULL_QUOTE } from "../../shared/middlebox/router.js";
import type { SimHash } from "./hash.js";
import type { Path, ServerKind, SimBox, SimHost, SimRouter } from "./path.js";
import { createPrefixTable } from "./prefix-table.js";
import { createRouting, type Hop, type Node } from "./routing.js";
import type { ScriptedWorld } from "./scripted-spec.js";
import { createHost, LINUX } from "./server.js";
import { truthOf } from "./truth.js";
import type { SimAttachment, SimWorld } from "./world.js";

/**
 * A world that is written out: packets take the ways that its routes say, as in a network of such nodes. The way back
 * leads over the same nodes; where it takes another link between two of them, boxes see one direction only.
 *
 * @throws UserError when the script contradicts itself
 */
export function createScriptedWorld(script: ScriptedWorld, hash: SimHash): SimWorld {
  const routing = createRouting(script);
  const linkBoxes = script.links.map(({ box, ends }) =>
    box === undefined
      ? null
      : boxOf(
          box,
          ends.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
        ),
  );
  const nodeBoxes = new Map(
    script.nodes.map(({ name, boxes }) => [
      name,
      boxes.map(({ behaviours, to }) => ({ to, box: boxOf(behaviours, []) })),
    ]),
  );
  // All addresses whose innermost prefix among these is the same have the same path.
  const prefixes = createPrefixTable(mentionedPrefixes(script).map((prefix, i) => [prefix, i] as const));

  function boxesBetween(there: Hop, back: Hop): SimBox[] {
    const [box, other] = [linkBoxes[there.link] ?? null, linkBoxes[back.link] ?? null];
    if (there.link === back.link) return box === null ? [] : [{ ...box, forth: true, back: true }];
    return [
      ...(box === null ? [] : [{ ...box, forth: true, back: false }]),
      ...(other === null ? [] : [{ ...other, forth: false, back: true }]),
    ];
  }

  function boxesIn(node: Node, address: Uint8Array): SimBox[] {
    return (nodeBoxes.get(node.script.name) ?? [])
      .filter(({ to }) => to.some((prefix) => prefixContains(prefix, address)))
      .map(({ box }) => ({ ...box, forth: true, back: false }));
  }

  function routerOf({ script: { silent, quotes } }: Node, address: Uint8Array | null, delayUs: number): SimRouter {
    return { kind: "router", address: silent ? null : address, quotes: quotes ?? FULL_QUOTE, delayUs };
  }

  function hostOf({ script: { servers } }: Node, delayUs: number): SimHost {
    const serverOn = (address: Uint8Array, port: number): ServerKind =>
      servers.find(
        ({ addresses, ports }) =>
          addresses.some((prefix) => prefixContains(prefix, address)) && (ports?.includes(port) ?? true),
      )?.server ?? "closed";
    return createHost({ serverOn, hash, personality: LINUX, delayUs });
  }

  function makePath(vantage: Node, source: Uint8Array, address: Uint8Array): Path {
    const elements: (SimRouter | SimBox)[] = [];
    let at = vantage;
    // Every node has one way back, so no node comes twice.
    for (;;) {
      const there = routing.next(at, address);
      if (there === null) return { elements, host: null };
      const back = routing.next(there.node, source);
      if (back?.node !== at) throw crooked(there.node, at);
      elements.push(...boxesBetween(there, back));
      at = there.node;
      const delayUs = script.links[there.link]?.delayUs ?? 0;
      if (at.owns(address)) return { elements, host: hostOf(at, delayUs) };
      if (at.script.servers.length > 0) return { elements, host: null };
      // A router answers from the interface that its answer leaves by.
      elements.push(routerOf(at, at.addressOn(back.link, addressFamily(address)), delayUs), ...boxesIn(at, address));
    }
  }

  function attach(name: string): SimAttachment {
    const vantage = script.vantages.find((one) => one.name === name);
    if (vantage === undefined) {
      throw new UserError(`the simulated world has no vantage point ${name}`, {
        remedy: `use one of ${script.vantages.map((one) => one.name).join(", ")}`,
        exitCode: 2,
      });
    }
    const node = routing.node(vantage.node);
    const sources = { 4: node.firstAddress(4), 6: node.firstAddress(6) };
    const paths = new Map<string, Path>();
    return {
      ipv4: sources[4],
      ipv6: sources[6],
      pathTo(address) {
        const family = addressFamily(address);
        const key = `${family} ${prefixes.find(address)}`;
        const source = sources[family];
        const path = paths.get(key) ?? (source === null ? NOWHERE : makePath(node, source, address));
        paths.set(key, path);
        return path;
      },
    };
  }

  return { attach, truth: (vantage, address, port) => truthOf(attach(vantage).pathTo(address), address, port) };
}

const NOWHERE: Path = { elements: [], host: null };

function boxOf(behaviours: readonly Behaviour[], routers: readonly Uint8Array[]): Omit<SimBox, "forth" | "back"> {
  return { kind: "box", behaviours, rule: createRule(behaviours, { routers }) };
}

function mentionedPrefixes(script: ScriptedWorld): Prefix[] {
  const own = script.links.flatMap(({ ends }) => ends.flatMap(({ addresses }) => addresses));
  return [
    ...script.routes.map(({ to }) => to),
    ...script.nodes.flatMap(({ boxes, owns }) => [...boxes.flatMap(({ to }) => to), ...owns]),
    ...own.map(({ onLink }) => onLink),
    ...own.map(({ address, onLink: { family } }) => ({ address, family, length: family === 4 ? 32 : 128 })),
  ];
}

function crooked(from: Node, to: Node): UserError {
  return new UserError(`the way back from ${from.script.name} does not lead over ${to.script.name}`, {
    remedy: "give both directions routes over the same nodes, and none in a circle",
    exitCode: 2,
  });
}
