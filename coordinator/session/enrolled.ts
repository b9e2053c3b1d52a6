import type { AgentRecord } from "../identity/records.js";
import { type AgentIdentity, SessionRefused } from "./agent.js";

/**
 * What an agent says of itself, under the terms that it was enrolled on: its name and vantage point are those of its
 * certificate, labels of its enrolment win, and its rate is capped.
 * @throws SessionRefused for another name or vantage point
 */
export function enrolledIdentity(said: AgentIdentity, record: AgentRecord): AgentIdentity {
  const differ = (what: string, says: string, is: string) =>
    new SessionRefused(
      "invalid",
      `the ${what} ${JSON.stringify(says.slice(0, 80))} is not that of the certificate, ${is}; correct ${what === "name" ? "name" : "vantage"} in the agent's file, or enrol it anew`,
    );
  if (said.agent !== record.name) throw differ("name", said.agent, record.name);
  if (said.vantage !== record.vantage) throw differ("vantage point", said.vantage, record.vantage);
  return {
    ...said,
    labels: { ...said.labels, ...record.labels },
    maxPps: record.maxPps === null ? said.maxPps : Math.min(said.maxPps, record.maxPps),
  };
}
