import { z } from "zod";
import {
  OPTION_END,
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
} from "../option/tcp-options.js";
import { mptcpSubtype, type Segment, segmentKind, serverPort } from "./segment.js";

const optionKinds = z.array(z.number().int().min(2).max(255)).min(1).readonly();

/** Which segments a behaviour is about: those for which everything holds that is given. */
export const segmentMatchSchema = z
  .strictObject({
    segment: z.enum(["syn", "syn-ack", "pure-ack", "data"]).optional(),
    direction: z.enum(["forth", "back"]).optional(),
    /** The server's port is one of these. */
    ports: z.array(z.number().int().min(1).max(65_535)).min(1).readonly().optional(),
    /** Carries an option of one of these kinds. */
    options: optionKinds.optional(),
    /** Carries an option other than MSS, window scale, SACK and timestamps; or none. */
    unknownOption: z.boolean().optional(),
    /** Carries an MPTCP option of one of these subtypes. */
    subtypes: z.array(z.number().int().min(0).max(15)).min(1).readonly().optional(),
    /** Has more bytes of options than this. */
    optionBytesOver: z.number().int().min(0).max(40).optional(),
    /** Has data. */
    payload: z.literal(true).optional(),
  })
  .readonly();
export type SegmentMatch = z.output<typeof segmentMatchSchema>;

/** RFC 9293, RFC 7323, RFC 2018: what every firewall knows. */
const KNOWN_OPTIONS: ReadonlySet<number> = new Set([
  OPTION_END,
  OPTION_NOP,
  OPTION_MSS,
  OPTION_WINDOW_SCALE,
  OPTION_SACK_PERMITTED,
  OPTION_SACK,
  OPTION_TIMESTAMPS,
]);

export function isUnknownOption(kind: number): boolean {
  return !KNOWN_OPTIONS.has(kind);
}

export function matches(match: SegmentMatch, segment: Segment): boolean {
  const { tcp, options } = segment;
  if (match.direction !== undefined && match.direction !== segment.direction) return false;
  if (match.segment !== undefined && match.segment !== segmentKind(tcp)) return false;
  if (match.ports !== undefined && !match.ports.includes(serverPort(segment))) return false;
  if (match.options !== undefined && !options.some(({ kind }) => match.options?.includes(kind))) return false;
  const hasUnknown = options.some(({ kind }) => isUnknownOption(kind));
  if (match.unknownOption !== undefined && match.unknownOption !== hasUnknown) return false;
  if (match.subtypes !== undefined && !options.some((option) => match.subtypes?.includes(mptcpSubtype(option) ?? -1))) {
    return false;
  }
  if (match.optionBytesOver !== undefined && tcp.options.length <= match.optionBytesOver) return false;
  return !match.payload || tcp.payload.length > 0;
}
