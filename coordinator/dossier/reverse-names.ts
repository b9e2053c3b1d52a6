import { errorCode } from "../../shared/errors.js";
import type { Dossiers } from "./document.js";

/** Resolves an address to its names; rejects as node:dns does. */
export type ReverseLookUp = (address: string) => Promise<readonly string[]>;

const AT_ONCE = 8;
/** There is no name, or nobody who would tell: neither is a fault of the question. */
const NO_NAME = new Set(["ENOTFOUND", "ENODATA", "ESERVFAIL", "ETIMEOUT", "EREFUSED", "ECONNREFUSED"]);

/**
 * The same dossiers with the names of their addresses. Somebody else's name servers learn from it who looks at them:
 * only for an operator who asks for it.
 */
export async function withReverseNames(found: Dossiers, lookUp: ReverseLookUp): Promise<Dossiers> {
  const waiting = [...new Set(found.dossiers.flatMap(({ address }) => address ?? []))];
  const names = new Map<string, string>();
  const work = async (): Promise<void> => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      const [name] = await lookUp(address).catch((error: unknown) => {
        if (NO_NAME.has(errorCode(error))) return [];
        throw error;
      });
      if (name !== undefined) names.set(address, name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const dossiers = found.dossiers.map((one) => ({ ...one, reverseName: names.get(one.address ?? "") ?? null }));
  return { ...found, dossiers };
}
