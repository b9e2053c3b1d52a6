import { parseAddress } from "../../shared/address/address.js";
import { errorMessage } from "../../shared/errors.js";
import type { Behaviour } from "../../shared/middlebox/behaviour.js";
import { createRule } from "../../shared/middlebox/box.js";
import { startForwarder } from "./forwarder.js";
import { createListenerFactory } from "./listeners.js";
import { PORTS } from "./networks.js";
import { createRelay } from "./relay.js";
import type { Topology } from "./topology.js";

/** What the world process is told, once. */
export interface WorldStart {
  readonly listeners: Topology["listeners"];
  readonly boxes: readonly {
    readonly behaviours: readonly Behaviour[];
    readonly interfaces: readonly [string, string];
    /** Addresses of the router behind the box. */
    readonly routers: readonly string[];
  }[];
  /** Machines in which each service's relay listens. */
  readonly machines: readonly string[];
  readonly services: readonly { readonly labPort: number; readonly socket: string }[];
}

export type WorldAnswer = { readonly type: "ready" } | { readonly type: "failed"; readonly message: string };

/**
 * Everything in the lab that is not the kernel: the bumps in the wire (this process lives in their namespace), the
 * servers' listening sockets, and the machines' ends of the relays.
 */
process.once("message", (start: WorldStart) => {
  open(start).then(
    () => answer({ type: "ready" }),
    (error: unknown) => answer({ type: "failed", message: errorMessage(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function open(start: WorldStart): Promise<void> {
  for (const { behaviours, interfaces, routers } of start.boxes) {
    startForwarder(interfaces[0], interfaces[1], createRule(behaviours, { routers: routers.map(parseAddress) }));
  }
  const listen = createListenerFactory();
  for (const { node, kind, addresses } of start.listeners) {
    for (const address of addresses.flatMap((each) => (each === "" ? ["0.0.0.0", "::"] : [each]))) {
      for (const port of PORTS) listen({ namespace: node, protocol: kind, address, port });
    }
  }
  for (const namespace of start.machines) {
    for (const { labPort, socket } of start.services) {
      const fd = listen({ namespace, protocol: "tcp", address: "127.0.0.1", port: labPort });
      await createRelay({ fd }, { path: socket });
    }
  }
}

function answer(message: WorldAnswer): void {
  process.send?.(message);
}
