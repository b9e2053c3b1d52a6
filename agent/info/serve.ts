import type { AgentRules } from "../config/rules.js";
import { type InfoFacts, infoPage } from "./page.js";
import { type InfoServer, serveInfoPage } from "./server.js";

/** Starts the page that an agent's file asks for; null when it asks for none. Rejects with UserError. */
export async function serveRules(
  rules: AgentRules,
  caps: Pick<InfoFacts, "packetsPerSecond" | "ports"> | null,
): Promise<InfoServer | null> {
  const { infoPage: where, contact } = rules;
  if (where === null || contact === null) return null;
  const page = infoPage({
    contact,
    packetsPerSecond: caps?.packetsPerSecond ?? null,
    ports: caps?.ports ?? null,
    blockedPrefixes: rules.blocked.length + rules.block.length,
  });
  return serveInfoPage(page, where);
}
