import { z } from "zod";
import { PRESENT_HANDSHAKES } from "../replay/present.js";
import type { HandshakeCount } from "./document.js";
import { handshakeVerdict } from "./rows.js";

/** How many handshakes of a campaign came to what, by vantage point: of each target the last one in each version. */
export const COUNT_HANDSHAKES = `
  SELECT vantage, variant, verdict, count() AS targets
  FROM (
    SELECT toString(vantage) AS vantage, toString(variant) AS variant,
      toString(argMax(verdict, (received_at, batch, row))) AS verdict
    FROM (${PRESENT_HANDSHAKES})
    WHERE ({port:UInt16} = 0 OR port = {port:UInt16})
    GROUP BY port, target, vantage, variant
  )
  GROUP BY ALL ORDER BY vantage, variant, verdict`;

/** A row of it. */
export const handshakeCount: z.ZodType<HandshakeCount> = z.object({
  vantage: z.string(),
  variant: z.enum(["v0", "v1"]),
  verdict: handshakeVerdict,
  targets: z.number(),
});
