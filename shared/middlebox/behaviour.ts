import { z } from "zod";
import { segmentMatchSchema } from "./match.js";
import { quoteFormSchema } from "./router.js";

/** Header fields that boxes write: `ttl` is the hop limit in IPv6, `ip-id` and `dont-fragment` are IPv4's. */
const HEADER_FIELDS = [
  "ttl",
  "dscp",
  "ecn",
  "ip-id",
  "dont-fragment",
  "flow-label",
  "tcp-reserved",
  "tcp-window",
  "tcp-window-scale",
  "tcp-urgent",
] as const;

const when = segmentMatchSchema.default({});
const count = z.number().int().min(0);

/**
 * What a middlebox does, as data. The behaviours are those of RFC 8684 sections 3.7 and 6, RFC 8041, Honda et al.
 * (IMC 2011) and Hesmans et al. (PAM 2013).
 */
export const behaviourSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("strip"),
    when,
    /** Option kinds that go. */
    options: z.array(z.number().int().min(2).max(255)).min(1).readonly(),
    /** Of option 30 only these subtypes. */
    subtypes: z.array(z.number().int().min(0).max(15)).min(1).readonly().optional(),
    fill: z.enum(["cut", "nop"]),
    /** Of each flow so many matching segments are let through first. */
    afterPackets: count.optional(),
  }),
  z.strictObject({ kind: z.literal("drop"), when }),
  z.strictObject({ kind: z.literal("reset"), when, both: z.boolean().default(false) }),
  z.strictObject({
    kind: z.literal("echo"),
    /** Option 30, or all that the box does not know. */
    options: z.enum(["mptcp", "unknown"]),
    /** Only options of these lengths. */
    lengths: z.array(count).min(1).readonly().optional(),
    /** What becomes of an echoed option 30. */
    alter: z.enum(["key", "flags", "shortened"]).optional(),
  }),
  z.strictObject({ kind: z.literal("reorder-options"), when }),
  z.strictObject({ kind: z.literal("truncate-options"), when, unknown: count }),
  z.strictObject({ kind: z.literal("clamp-mss"), mss: z.number().int().min(1).max(65_535) }),
  z.strictObject({
    kind: z.literal("set"),
    when,
    field: z.enum(HEADER_FIELDS),
    value: count,
  }),
  z.strictObject({ kind: z.literal("shift-sequence"), by: z.number().int().min(1).max(0xffff_ffff) }),
  z.strictObject({
    kind: z.literal("translate"),
    /** Source addresses that packets get on their way forth. */
    ipv4: z.ipv4().optional(),
    ipv6: z.ipv6().optional(),
    /** The first source port of those that are given out; without it ports stay as they are. */
    firstPort: z.number().int().min(1).max(65_535).optional(),
    /** Quotes on their way back show the packet as it was before. */
    restoresQuotes: z.boolean().default(true),
  }),
  z.strictObject({
    kind: z.literal("answer"),
    when,
    /** The SYN goes on to the host too. */
    alsoForwards: z.boolean().default(false),
    ttl: z.number().int().min(1).max(255).default(64),
    /** Linux' SYNPROXY gives none before it knows the server's. */
    window: z.number().int().min(0).max(65_535).default(65_535),
  }),
  z.strictObject({ kind: z.literal("duplicate"), when }),
  z.strictObject({
    kind: z.literal("split"),
    /** Bytes of the first part's payload. */
    bytes: z.number().int().min(1),
    /** Which part keeps the options. */
    options: z.enum(["first", "second", "both"]),
  }),
  z.strictObject({
    kind: z.literal("requote"),
    form: quoteFormSchema,
    /** Of so many errors one comes through; 0: none does. */
    oneOf: count.default(1),
  }),
]);
export type Behaviour = z.output<typeof behaviourSchema>;
/** Of one kind. */
export type BehaviourOf<K extends Behaviour["kind"]> = Extract<Behaviour, { kind: K }>;
