import { createHash } from "node:crypto";
import { batchId, decodeBatch, encodeBatch } from "../../shared/batch/codec.js";
import { ledgerBlock } from "../../shared/batch/ledger.js";
import { DecodeError } from "../../shared/errors.js";
import type { SpoolMeta } from "../spool/record.js";
import type { Spool } from "../spool/spool.js";
import type { Ledger } from "./ledger.js";

const TABLE = "ledger";
/** Lines in one message: about 300 bytes each. */
const MOST_LINES = 2_000;

/** For the spool's `onDurable`: gives each batch its line. The ledger's own batches have none. */
export function recordIn(ledger: Pick<Ledger, "record">, nowMs: () => number) {
  return async (meta: SpoolMeta, message: Uint8Array): Promise<void> => {
    if (meta.table === TABLE) return;
    await ledger.record({
      batch: meta.batch,
      campaign: meta.campaign,
      table: meta.table,
      rows: meta.rows,
      sha256: blockHash(message),
      leases: meta.leases.map(({ lease, epoch }) => `${lease}@${epoch}`),
      madeAtMs: nowMs(),
    });
  };
}

/** Puts what the coordinator has not been told of into the spool, as batches. Rejects with the spool's error. */
export async function sendLines(ledger: Ledger, spool: Pick<Spool, "append" | "list">, agent: string): Promise<void> {
  for (const { campaign, ledger: name, lines } of ledger.unsent(MOST_LINES)) {
    const [first, last] = [lines[0]?.line ?? 0, lines.at(-1)?.line ?? 0];
    const batch = batchId(agent, `${TABLE}/${name}/${last}`, first);
    const meta = { batch, campaign, table: TABLE, rows: lines.length, leases: [] } as const;
    // A crash may have come between the two steps.
    if (!spool.list().some((left) => left.batch === batch)) {
      await spool.append(meta, encodeBatch({ ...meta, block: ledgerBlock(name, lines) }));
    }
    await ledger.sent(campaign, last + 1);
  }
}

/** Empty for what another version of the agent left in the spool and this one cannot read. */
function blockHash(message: Uint8Array): string {
  try {
    return createHash("sha256").update(decodeBatch(message).block).digest("hex");
  } catch (error) {
    if (error instanceof DecodeError) return "";
    throw error;
  }
}
