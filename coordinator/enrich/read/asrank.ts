import { z } from "zod";
import type { NamedFile } from "../../hitlist/text-file.js";
import { type Entry, network, parseAsn } from "../entry.js";
import { readLines } from "./lines.js";

const record = z.object({
  asn: z.union([z.string(), z.number()]).transform(String),
  asnName: z.string().nullish(),
  rank: z.number().int().positive(),
  organization: z.object({ orgName: z.string().nullish() }).nullish(),
  country: z.object({ iso: z.string().nullish() }).nullish(),
  cone: z.object({ numberAsns: z.number().int().nonnegative().nullish() }).nullish(),
});

/** CAIDA's AS Rank, one JSON object a line, as its API names the fields. */
export async function* readAsRank(file: NamedFile): AsyncGenerator<Entry> {
  for await (const line of readLines(file)) {
    if (line.trim() === "") continue;
    const found = record.safeParse(jsonOf(line));
    const asn = found.success ? parseAsn(found.data.asn) : null;
    if (!found.success || asn === null) {
      yield { leftOut: "no network with a rank", example: line };
      continue;
    }
    const { asnName, rank, organization, country, cone } = found.data;
    yield network("ranks", {
      asn,
      rank,
      name: asnName ?? "",
      organisation: organization?.orgName ?? "",
      country: country?.iso ?? "",
      cone: cone?.numberAsns ?? 0,
    });
  }
}

/** Undefined for what is no JSON. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
