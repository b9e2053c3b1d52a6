import { z } from "zod";
import { parseAddress } from "../../shared/address/address.js";
import type { IpCommand } from "./ip-command.js";

/** An address that the kernel has assigned to an interface and answers for. */
export interface InterfaceAddress {
  readonly interface: string;
  /** 16 bytes, IPv4 mapped, and how many bits of it, counted from the family's first, name the network. */
  readonly address: Uint8Array;
  readonly length: number;
  readonly family: 4 | 6;
  readonly scope: string;
  /** No longer to be chosen (RFC 4862 section 5.5.4), and made to be replaced (RFC 8981). */
  readonly deprecated: boolean;
  readonly temporary: boolean;
}

const entrySchema = z.object({
  ifname: z.string().optional(),
  addr_info: z.array(
    z.object({
      local: z.string().optional(),
      scope: z.string(),
      prefixlen: z.number(),
      deprecated: z.boolean().optional(),
      tentative: z.boolean().optional(),
      dadfailed: z.boolean().optional(),
      temporary: z.boolean().optional(),
    }),
  ),
});

/** Addresses of one interface, by default of all, without those that may turn out to be somebody else's. */
export async function interfaceAddresses(
  ip: IpCommand,
  family: 4 | 6,
  dev?: string,
): Promise<readonly InterfaceAddress[]> {
  const through = dev === undefined ? [] : ["dev", dev];
  const output = (await ip([`-${family}`, "address", "show", ...through])) ?? [];
  return output.flatMap((item) => {
    const parsed = entrySchema.safeParse(item);
    if (!parsed.success) return [];
    return parsed.data.addr_info.flatMap((one) => {
      if (one.local === undefined || one.tentative || one.dadfailed) return [];
      return {
        interface: parsed.data.ifname ?? dev ?? "",
        address: parseAddress(one.local),
        length: one.prefixlen,
        family,
        scope: one.scope,
        deprecated: one.deprecated ?? false,
        temporary: one.temporary ?? false,
      };
    });
  });
}
