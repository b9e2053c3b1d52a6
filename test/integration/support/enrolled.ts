import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { enroll } from "../../../agent/session/enrol.js";
import { parseToken } from "../../../shared/identity/token.js";

/** Enrols an agent with a running coordinator, by a token of its command line (`parallax` prints what that says). */
export async function enrolled(
  parallax: (...args: string[]) => Promise<string>,
  name: string,
  vantage: string,
): Promise<AgentIdentity> {
  const token = parseToken(await parallax("enroll", "create", "--name", name, "--vantage", vantage));
  return enroll({ token, address: null, name: null, vantage: null, hostname: null, nowMs: Date.now });
}
