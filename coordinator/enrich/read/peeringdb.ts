import { z } from "zod";
import { UserError } from "../../../shared/errors.js";
import { type NamedFile, readText } from "../../hitlist/text-file.js";
import { type Entry, network } from "../entry.js";
import { canonicalPrefix } from "./prefix.js";

const id = z.number().int();
const net = z.object({ id, asn: z.number().int().positive(), name: z.string(), info_type: z.string().nullish() });
const ix = z.object({ id, name: z.string(), country: z.string().default("") });
const ixlan = z.object({ id, ix_id: id });
const ixpfx = z.object({ ixlan_id: id, prefix: z.string() });
const netixlan = z.object({
  ix_id: id,
  asn: z.number().int().positive(),
  ipaddr4: z.string().nullish(),
  ipaddr6: z.string().nullish(),
});

const objects = z.object({ data: z.array(z.unknown()) });
const dump = z.object({ net: objects, ix: objects, ixlan: objects, ixpfx: objects, netixlan: objects });

/**
 * A dump of PeeringDB as JSON: `net`, `ix`, `ixlan`, `ixpfx` and `netixlan`, each with its objects in `data`. Networks get
 * their name and type; peering networks and the addresses of members in them get the name of the exchange.
 * @throws UserError for what is no such dump
 */
export async function* readPeeringDb(file: NamedFile): AsyncGenerator<Entry> {
  const { net: nets, ix: ixes, ixlan: lans, ixpfx: prefixes, netixlan: members } = await parse(file);
  for (const value of nets.data) {
    const found = net.safeParse(value);
    if (!found.success) yield broken("net", value);
    else {
      const { asn, name, info_type } = found.data;
      yield network("networks", { asn, name, network_type: info_type ?? "" });
    }
  }
  const exchanges = new Map(
    ixes.data.flatMap((value) => {
      const found = ix.safeParse(value);
      return found.success ? [[found.data.id, found.data] as const] : [];
    }),
  );
  const exchangeOfLan = new Map(
    lans.data.flatMap((value) => {
      const found = ixlan.safeParse(value);
      return found.success ? [[found.data.id, exchanges.get(found.data.ix_id)] as const] : [];
    }),
  );
  const label = (prefixText: string, exchange: z.output<typeof ix> | undefined, asn: number): Entry => {
    const prefix = canonicalPrefix(prefixText);
    if (prefix === null) return { leftOut: "no prefix", example: prefixText };
    if (exchange === undefined) return { leftOut: "of no exchange in the dump", example: prefixText };
    return { topic: "exchanges", row: { prefix, exchange: exchange.name, country: exchange.country, asn } };
  };
  for (const value of prefixes.data) {
    const found = ixpfx.safeParse(value);
    yield found.success ? label(found.data.prefix, exchangeOfLan.get(found.data.ixlan_id), 0) : broken("ixpfx", value);
  }
  for (const value of members.data) {
    const found = netixlan.safeParse(value);
    if (!found.success) yield broken("netixlan", value);
    else {
      const { ipaddr4, ipaddr6, ix_id, asn } = found.data;
      for (const address of [ipaddr4, ipaddr6]) {
        if (address !== null && address !== undefined && address !== "")
          yield label(address, exchanges.get(ix_id), asn);
      }
    }
  }
}

async function parse(file: NamedFile): Promise<z.output<typeof dump>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readText(file)) pieces.push(piece.slice());
  try {
    return dump.parse(JSON.parse(Buffer.concat(pieces).toString("utf8")));
  } catch (cause) {
    throw new UserError(`${file.name} is no dump of PeeringDB`, {
      remedy: "it must be JSON with net, ix, ixlan, ixpfx and netixlan, each with its objects in `data`",
      exitCode: 2,
      cause,
    });
  }
}

function broken(name: string, value: unknown): Entry {
  return { leftOut: `a ${name} without what it should have`, example: JSON.stringify(value) ?? "" };
}
