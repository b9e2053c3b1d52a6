import { z } from "zod";
import { addressFamily, parseAddress } from "../../shared/address/address.js";
import { type Prefix, parsePrefix } from "../../shared/address/prefix.js";
import { DecodeError } from "../../shared/errors.js";
import { behaviourSchema } from "../../shared/middlebox/behaviour.js";
import { quoteFormSchema } from "../../shared/middlebox/router.js";
import { SERVER_KINDS } from "./path.js";

const address = z.string().transform(checked(parseAddress, "write an address like 198.51.100.1 or 2001:db8::1"));
const prefix = z.string().transform(checked(parsePrefix, "write a prefix like 198.18.0.0/15 or 2001:db8::/32"));

/** An address of an interface with the length of its prefix, such as 192.0.2.1/31. */
const interfaceAddress = z.string().transform(
  checked((text): InterfaceAddress => {
    const [head = "", length] = text.split("/");
    const own = parseAddress(head);
    return { address: own, onLink: { address: own, length: Number(length), family: addressFamily(own) } };
  }, "write an address with its prefix's length, like 192.0.2.1/31"),
);

export interface InterfaceAddress {
  readonly address: Uint8Array;
  /** Bits behind the length are those of the address. */
  readonly onLink: Prefix;
}

const behaviours = z.array(behaviourSchema).min(1).readonly();
const end = z.strictObject({ node: z.string(), addresses: z.array(interfaceAddress).readonly() }).readonly();

const node = z
  .strictObject({
    name: z.string().min(1),
    /** As a router it is silent when a TTL ends there. */
    silent: z.boolean().default(false),
    quotes: quoteFormSchema.optional(),
    /** What it does to packets that it forwards to some prefixes, behind its look at their TTL. */
    boxes: z
      .array(z.strictObject({ behaviours, to: z.array(prefix).min(1).readonly() }))
      .readonly()
      .default([]),
    /** Prefixes all of whose addresses are its own, beside those of its interfaces. */
    owns: z.array(prefix).readonly().default([]),
    /**
     * What listens on ports of its addresses: the first entry counts that has both; elsewhere it refuses. A node with
     * servers forwards nothing.
     */
    servers: z
      .array(
        z.strictObject({
          server: z.enum(SERVER_KINDS),
          addresses: z.array(prefix).min(1).readonly(),
          /** All by default. */
          ports: z.array(z.number().int().min(1).max(65_535)).min(1).readonly().optional(),
        }),
      )
      .readonly()
      .default([]),
  })
  .readonly();

const link = z
  .strictObject({
    ends: z.tuple([end, end]).readonly(),
    /** A bump in the wire. */
    box: behaviours.optional(),
    delayUs: z.number().int().min(0).default(500),
  })
  .readonly();

const route = z
  .strictObject({
    node: z.string(),
    to: prefix,
    via: address,
    /** Number of the link that leads there, where two links lead to the same neighbour. */
    link: z.number().int().min(0).optional(),
  })
  .readonly();

/** A simulated Internet that is written out, node by node. */
export const scriptedWorldSchema = z
  .strictObject({
    nodes: z.array(node).readonly(),
    links: z.array(link).readonly(),
    routes: z.array(route).readonly(),
    /** Where agents can be plugged in, by name. */
    vantages: z.array(z.strictObject({ name: z.string().min(1), node: z.string() }).readonly()).readonly(),
  })
  .readonly();
export type ScriptedWorld = z.output<typeof scriptedWorldSchema>;
/** As it is written: addresses and prefixes are text. */
export type ScriptedWorldText = z.input<typeof scriptedWorldSchema>;

function checked<T>(parse: (text: string) => T, advice: string) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      context.addIssue({ code: "custom", message: `${advice}, not ${text}` });
      return z.NEVER;
    }
  };
}
