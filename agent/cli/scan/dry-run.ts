import { addressFamily, ipv4FromNumber } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { PROBE_MAX_BYTES, type ProbeBuilder } from "../../../shared/probe/build.js";
import { profileFacts } from "../../../shared/probe/profile.js";
import { createTarget } from "../../../shared/target/source.js";
import { createIpCommand } from "../../wire/ip-command.js";
import { findRoute } from "../../wire/route.js";
import type { OwnRules } from "../allowed.js";
import { type BegunScan, beginScan } from "./begin.js";
import { type DryRun, dryRunToJson, formatDryRun } from "./dry-run-text.js";
import { type PlannedSource, probeBuilder, type ScanPlan } from "./plan.js";
import type { ScanRequest } from "./request.js";

/** Targets of each family whose probes are shown. */
const SHOWN_TARGETS = 3;

/**
 * Prints what a scan would send and cost. Needs no privilege and sends nothing. Rejects with UserError behind that where
 * the scan itself would be refused: what it costs is good to know before a contact is set.
 */
export async function showDryRun(request: ScanRequest, rules: OwnRules, json: boolean): Promise<void> {
  let refusal: UserError | null = null;
  const check: OwnRules["check"] = (asked) => {
    try {
      rules.check(asked);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refusal ??= error;
    }
  };
  try {
    const run = await dryRun(request, await beginScan(request, { ...rules, check }, Date.now()));
    process.stdout.write(json ? `${JSON.stringify(dryRunToJson(run))}\n` : formatDryRun(run));
  } catch (error) {
    throw refusal ?? error;
  }
  if (refusal !== null) throw refusal;
}

async function dryRun(request: ScanRequest, { plan, remaining }: BegunScan): Promise<DryRun> {
  const least = plan.targets * request.variants.length;
  const most = least * (1 + request.retries);
  const windowsS = ((1 + request.retries) * request.replyWindowMs) / 1000;
  const hours = (packets: number, waitS: number): number => (packets / plan.packetsPerSecond + waitS) / 3600;
  return {
    addresses: plan.sources.reduce((sum, { addresses }) => sum + addresses, 0),
    targets: plan.targets,
    excluded: remaining.excluded,
    exclusions: remaining.exclusions,
    packetsPerSecond: plan.packetsPerSecond,
    packets: { least, most },
    bytes: { least: Math.round(least * plan.meanBytesOnWire), most: Math.round(most * plan.meanBytesOnWire) },
    hours: { least: hours(least, 0), most: hours(most, windowsS) },
    probes: await firstProbes(request, plan),
  };
}

async function firstProbes(request: ScanRequest, plan: ScanPlan): Promise<Uint8Array[]> {
  const target = createTarget();
  const { ttl } = profileFacts(request.profile);
  const probes: Uint8Array[] = [];
  for (const planned of plan.sources) {
    const builder = await builderFor(request, plan, planned);
    for (let index = planned.from; index < Math.min(planned.to, planned.from + SHOWN_TARGETS); index++) {
      planned.source.targetAt(index, target);
      for (const variant of request.variants) {
        const into = new Uint8Array(PROBE_MAX_BYTES);
        probes.push(into.subarray(0, builder.build(target, variant, ttl, Date.now(), into)));
      }
    }
  }
  return probes;
}

/** With the source address that the scan would take; with none (`0.0.0.0`, `::`) where this machine has no route. */
async function builderFor(
  request: ScanRequest,
  plan: ScanPlan,
  { family, towards }: PlannedSource,
): Promise<ProbeBuilder> {
  const source =
    request.sourceAddresses.find((address) => addressFamily(address) === family) ??
    (await routeSource(family, request.interface, towards)) ??
    (family === 4 ? ipv4FromNumber(0) : new Uint8Array(16));
  return probeBuilder(request, plan.keys, { source4: source, source6: source });
}

async function routeSource(family: 4 | 6, through: string | null, towards: Uint8Array): Promise<Uint8Array | null> {
  try {
    const query = { family, towards, ...(through === null ? {} : { interface: through }) };
    return (await findRoute(createIpCommand(), query))?.source ?? null;
  } catch (error) {
    // Without a route the scan could not start; its cost can be told all the same.
    if (error instanceof UserError) return null;
    throw error;
  }
}
