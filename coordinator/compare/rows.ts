import { z } from "zod";
import { VARIANTS } from "../../shared/probe/variant.js";
import { optionKinds, quotedMss } from "../../shared/quote/quoted-options.js";
import {
  AFTER_HANDSHAKE,
  HANDSHAKE_VERDICTS,
  HOST_VERDICTS,
  JOIN_VERDICTS,
  MPTCP_STATES,
  PAIR_VERDICTS,
  PLACEMENTS,
  SYN_VERDICTS,
} from "../../shared/verdict/names.js";
import type { Handshake, OtherPort, PathChange, View } from "./evidence.js";

const synVerdict = z.enum(SYN_VERDICTS);
export const viewVerdict = z.enum([...SYN_VERDICTS, ...PAIR_VERDICTS]);
export const hostVerdict = z.enum(HOST_VERDICTS);
export const placement = z.enum(PLACEMENTS);

export const hopKind = z.enum(["time-exceeded", "unreachable", "synack", "rst"]);

const hop = z
  .tuple([
    z.enum(VARIANTS),
    z.number(),
    hopKind,
    z.string(),
    z.union([synVerdict, z.literal("")]),
    z.enum(MPTCP_STATES),
    z.array(z.string()),
    z.array(z.string()),
    z.array(z.string()),
    z.number().nullable(),
    z.number(),
    z.string(),
  ])
  .transform(
    ([
      variant,
      ttl,
      kind,
      responder,
      verdict,
      mptcp,
      changes,
      unobservable,
      icmpExtensions,
      rttUs,
      replyTtl,
      quote,
    ]) => ({
      variant,
      hop: {
        ttl,
        kind,
        responder,
        verdict,
        mptcp,
        changes,
        unobservable,
        icmpExtensions,
        rttUs,
        replyTtl,
        quotedMss: quotedMss(Buffer.from(quote, "hex")),
      },
    }),
  );

export const handshakeVerdict = z.enum(HANDSHAKE_VERDICTS);

const handshake = z
  .tuple([
    z.enum(["v0", "v1"]),
    handshakeVerdict,
    z.union([z.enum(AFTER_HANDSHAKE), z.literal("")]),
    z.union([z.enum(JOIN_VERDICTS), z.literal("")]),
    z.number(),
    z.array(z.string()),
  ])
  .transform(
    ([variant, verdict, after, join, noJoin, addresses]): Handshake => ({
      variant,
      verdict,
      after,
      join,
      noJoin: noJoin !== 0,
      addresses,
    }),
  );

const synAck = z
  .tuple([z.enum(VARIANTS), z.number(), z.number(), z.string()])
  .transform(([variant, replyTtl, window, options]) => ({
    variant,
    replyTtl,
    window,
    optionKinds: optionKinds(Buffer.from(options, "hex")),
  }));

/** A hop of the control's trace, on whatever port. */
const controlHop = z
  .tuple([z.number(), z.number(), hopKind, z.string()])
  .transform(([port, ttl, kind, responder]) => ({ port, hop: { ttl, kind, responder } }));

const view = z.tuple([
  z.string(),
  viewVerdict,
  synVerdict,
  synVerdict,
  synVerdict,
  synVerdict,
  z.array(hop),
  z.array(handshake),
  z.array(synAck),
  z.array(controlHop),
]);

/** The paths on all ports but one. */
function otherPorts(controls: readonly z.output<typeof controlHop>[], own: number): OtherPort[] {
  const ports = [...new Set(controls.map(({ port }) => port))].filter((port) => port !== own);
  return ports.map((port) => ({
    port,
    hops: controls.filter((each) => each.port === port).map((each) => each.hop),
  }));
}

function viewOf(
  port: number,
  [vantage, verdict, v0, v1, plain, unknown, hops, handshakes, synAcks, controls]: z.output<typeof view>,
): View {
  const variants = [...new Set(hops.map((each) => each.variant))];
  const traces = variants.map((variant) => ({
    variant,
    hops: hops.filter((each) => each.variant === variant).map((each) => each.hop),
  }));
  const evidence = { traces, handshakes, synAcks, otherPorts: otherPorts(controls, port) };
  return { vantage, verdict, v0, v1, plain, unknown, ...evidence };
}

/** A row of `readEvidence`: one target with everything that is known of it. */
export const evidenceRow = z
  .object({ port: z.number(), target: z.string(), views: z.array(view) })
  .transform((row) => ({ ...row, views: row.views.map((one) => viewOf(row.port, one)) }));

/** A row of `READ_PATTERNS`: what is known of every target whose views are these. */
export const patternRow = z
  .object({ pattern: z.string(), port: z.number(), views: z.array(view) })
  .transform((row) => ({ pattern: row.pattern, views: row.views.map((one) => viewOf(row.port, one)) }));

/** A path change as a tuple, in the order of `CHANGE_TUPLE`. */
export const changeTuple = z
  .tuple([
    z.string(),
    z.enum(VARIANTS),
    z.string(),
    z.number(),
    z.string(),
    z.number(),
    z.string(),
    z.number(),
    z.number(),
    z.number(),
    z.number(),
    z.number(),
    z.array(z.string()),
  ])
  .transform(
    ([
      vantage,
      variant,
      condition,
      afterTtl,
      after,
      beforeTtl,
      before,
      pathLength,
      mss,
      traces,
      openHops,
      confidence,
      fingerprints,
    ]): PathChange => ({
      vantage,
      variant,
      condition,
      afterTtl,
      after: afterTtl === 0 ? null : after,
      beforeTtl,
      before,
      pathLength,
      mss: mss === 0 ? null : mss,
      traces,
      openHops,
      confidence,
      fingerprints,
    }),
  );

/** An address column as text, IPv4 without its mapping. */
export const textAddress = (column: string) => `replaceRegexpOne(toString(${column}), '^::ffff:', '')`;

export const CHANGE_TUPLE =
  `(toString(vantage), toString(variant), toString(condition), after_ttl, ${textAddress("after_hop")}, ` +
  `before_ttl, ${textAddress("before_hop")}, path_length, mss, traces, open_hops, confidence, ` +
  "arrayMap(name -> toString(name), fingerprints))";
