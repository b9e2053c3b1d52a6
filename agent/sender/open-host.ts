import type { Clock } from "../wire/clock.js";
import type { PortPlan } from "../wire/plan-port.js";
import type { PacketPort } from "../wire/port.js";
import type { SenderHost } from "./job.js";
import { createLocalHost } from "./local-host.js";
import { createThreadHost } from "./thread-host.js";

/** Sends where the plan's driver can: the portable one's libraries crash outside the main thread, and it uses `port`. */
export function openSenderHost(plan: PortPlan, port: PacketPort, clock: Clock): SenderHost {
  if (plan.driver !== "portable") return createThreadHost(plan);
  const { ipv4, ipv6 } = plan;
  return createLocalHost({ port, source4: ipv4?.source ?? null, source6: ipv6?.source ?? null, clock });
}
