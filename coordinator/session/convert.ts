import { addressBytes, addressOfBytes, formatAddress } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import type * as wire from "../../shared/generated/parallax/agent/v1/session.js";
import type { SessionTiming } from "../../shared/lease/protocol.js";
import type { WorkGrant, WorkPlan } from "../../shared/lease/work.js";
import { type OptOutList, packPrefixes } from "../../shared/optout/list.js";
import { MOST_EXCHANGE_ADDRESSES } from "../../shared/selftest/self-test.js";
import type { Target } from "../../shared/target/source.js";
import type { AgentIdentity, Heartbeat, Refusal, ToAgent } from "./agent.js";
import { exchangeMessage } from "./convert-exchange.js";

/** Leases that one heartbeat may list. */
const MOST_LEASES = 10_000;

/** Throws DecodeError for addresses that are none. */
export function identityFrom({ clockMs: _, ...hello }: wire.Hello): AgentIdentity {
  if (hello.referenceAddresses.length > MOST_EXCHANGE_ADDRESSES) {
    throw new DecodeError(`a reference has at most ${MOST_EXCHANGE_ADDRESSES} addresses`);
  }
  const referenceAddresses = hello.referenceAddresses.map(addressOfBytes).map(formatAddress);
  return { ...hello, labels: { ...hello.labels }, referenceAddresses };
}

/** Throws DecodeError for numbers that cannot be indices. */
export function heartbeatFrom(message: wire.Heartbeat): Heartbeat {
  if (message.leases.length > MOST_LEASES) {
    throw new DecodeError(`a heartbeat lists at most ${MOST_LEASES} leases`);
  }
  const { stats } = message;
  return {
    sequence: toNumber(message.sequence),
    optOuts: toNumber(message.optOuts),
    leases: message.leases.map((marks) => ({
      lease: marks.lease,
      epoch: toNumber(marks.epoch),
      sent: toNumber(marks.sent),
      done: toNumber(marks.done),
      committed: toNumber(marks.committed),
      ...(marks.endsAt === undefined ? {} : { endsAt: toNumber(marks.endsAt) }),
    })),
    stats:
      stats === undefined
        ? null
        : {
            packetsSent: toNumber(stats.packetsSent),
            replies: toNumber(stats.replies),
            kernelDrops: toNumber(stats.kernelDrops),
            sendErrors: toNumber(stats.sendErrors),
            packetsPerSecond: stats.packetsPerSecond,
            spoolBytes: toNumber(stats.spoolBytes),
            lastError: stats.lastError.slice(0, 1_000),
          },
  };
}

/** Throws DecodeError. */
export function refusalFrom(message: wire.Refusal): Refusal {
  return { lease: message.lease, epoch: toNumber(message.epoch), reason: message.reason.slice(0, 1_000) };
}

export function welcomeMessage(session: string, timing: SessionTiming): wire.SessionResponse {
  return { body: { $case: "welcome", value: { session, ...timing } } };
}

export function responseFrom(message: ToAgent): wire.SessionResponse {
  switch (message.kind) {
    case "ack":
      return {
        body: { $case: "ack", value: { sequence: BigInt(message.sequence), clockUs: BigInt(message.clockUs) } },
      };
    case "plan":
      return { body: { $case: "plan", value: planMessage(message.plan) } };
    case "grant":
      return { body: { $case: "grant", value: grantMessage(message.grant) } };
    case "opt-outs":
      return { body: { $case: "optOuts", value: optOutsMessage(message) } };
    case "pause":
      return { body: { $case: "pause", value: { campaign: message.campaign, paused: message.paused } } };
    case "listen":
    case "reference":
    case "heard":
      return { body: exchangeMessage(message) };
    case "yield":
      return { body: { $case: "yield", value: { lease: message.lease, epoch: BigInt(message.epoch) } } };
    case "revoke":
      return {
        body: { $case: "revoke", value: { ...message.revocation, epoch: BigInt(message.revocation.epoch) } },
      };
  }
}

/** Prefixes that one message carries: 1.7 MB. */
const PREFIXES_OF_A_PART = 100_000;

/** How many messages a list takes; one for an empty list, too. */
export function optOutParts({ prefixes }: OptOutList): number {
  return Math.max(1, Math.ceil(prefixes.length / PREFIXES_OF_A_PART));
}

function optOutsMessage({ list, part, parts }: Extract<ToAgent, { kind: "opt-outs" }>): wire.OptOuts {
  const { revision, hash, prefixes } = list;
  const from = part * PREFIXES_OF_A_PART;
  const packed = packPrefixes(prefixes.slice(from, from + PREFIXES_OF_A_PART));
  return { revision: BigInt(revision), hash, part, parts, prefixes: packed };
}

function planMessage(plan: WorkPlan): wire.Plan {
  const { source, perPrefix, routerPacketsPerSecond, timing } = plan;
  return {
    ...plan,
    perPrefix: perPrefix ?? undefined,
    routerPacketsPerSecond: routerPacketsPerSecond ?? 0,
    timing: timing === null ? undefined : { ...timing, httpsPorts: [...timing.httpsPorts] },
    secret: Buffer.from(plan.secret),
    ports: [...plan.ports],
    variants: [...plan.variants],
    source:
      source.kind === "space"
        ? {
            $case: "space",
            value: { ranges: [...source.ranges], permutationKey: Buffer.from(source.permutationKey) },
          }
        : { $case: "list", value: { size: BigInt(source.size) } },
  };
}

function grantMessage(grant: WorkGrant): wire.Grant {
  return {
    ...grant,
    epoch: BigInt(grant.epoch),
    from: BigInt(grant.from),
    to: BigInt(grant.to),
    targets: grant.targets.map(listedTarget),
  };
}

function listedTarget({ address, port }: Target): wire.ListedTarget {
  return { address: Buffer.from(addressBytes(address)), port };
}

function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new DecodeError(`${value} is too large`);
  }
  return Number(value);
}
