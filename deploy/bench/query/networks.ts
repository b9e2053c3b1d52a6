import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { importFile } from "../../../coordinator/enrich/import.js";
import type { Store } from "../../../coordinator/store/store.js";

const NETWORKS = 20_000;

/** Imports a table that says who announces what: every /16, by networks of very different size. */
export async function importNetworks(store: Store, folder: string): Promise<void> {
  const lines = Array.from({ length: 65_536 }, (_, block) => {
    // Squared: low numbers get many blocks, high ones few.
    const asn = 1 + Math.floor(NETWORKS * (((block * 2_654_435_761) % 65_536) / 65_536) ** 2);
    return `${block >> 8}.${block & 255}.0.0\t16\t${asn}\n`;
  });
  const file = { path: join(folder, "bench.pfx2as"), name: "bench.pfx2as" };
  writeFileSync(file.path, lines.join(""));
  await importFile(store, { wallMs: Date.now }, { kind: "pfx2as", file, date: "2025-01-01" });
}
