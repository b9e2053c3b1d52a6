import { parsePrefix } from "../../shared/address/prefix.js";
import { isName, SESSION_PROTOCOL } from "../../shared/lease/protocol.js";
import { type AgentIdentity, SessionRefused } from "./agent.js";

export interface Versions {
  readonly coordinator: string;
  /** Oldest agent that is let in. */
  readonly oldestAgent: string;
}

/** Throws SessionRefused when this coordinator cannot work with the agent. */
export function checkHello(identity: AgentIdentity, versions: Versions): void {
  const { agent, vantage, instance, version, protocol, labels } = identity;
  if (!isName(agent)) {
    throw new SessionRefused("invalid", `agent name ${show(agent)} must be letters, digits, - and _, at most 63`);
  }
  if (!isName(vantage)) {
    throw new SessionRefused("invalid", `vantage point ${show(vantage)} must be letters, digits, - and _, at most 63`);
  }
  if (instance === "" || instance.length > 128) {
    throw new SessionRefused("invalid", `agent ${agent} gave no instance id`);
  }
  if (protocol !== SESSION_PROTOCOL) {
    throw new SessionRefused(
      "version",
      `agent ${agent} (parallax-agent ${show(version)}) speaks session protocol ${protocol}, this coordinator (parallax ` +
        `${versions.coordinator}) speaks ${SESSION_PROTOCOL}; install the agent of the coordinator's release`,
    );
  }
  if (!isAtLeast(version, versions.oldestAgent)) {
    throw new SessionRefused(
      "version",
      `agent ${agent} is parallax-agent ${show(version)}, this coordinator (parallax ${versions.coordinator}) takes ` +
        `${versions.oldestAgent} or newer; update parallax-agent on that machine`,
    );
  }
  const label = Object.entries(labels).find(([key, value]) => !isLabel(key) || !isLabel(value));
  if (label !== undefined) {
    throw new SessionRefused("invalid", `label ${show(label.join("="))} must be letters, digits and . _ / -`);
  }
  for (const text of identity.opened) {
    requirePrefix(agent, text);
  }
}

/** Semantic versions by their three numbers; a text that is no version is older than all. */
function isAtLeast(version: string, oldest: string): boolean {
  const numbers = (text: string) => /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:[-+].*)?$/.exec(text)?.slice(1).map(Number);
  const [have, need] = [numbers(version), numbers(oldest)];
  if (have === undefined || need === undefined) {
    return false;
  }
  for (const [i, wanted] of need.entries()) {
    const got = have[i] ?? 0;
    if (got !== wanted) {
      return got > wanted;
    }
  }
  return true;
}

function isLabel(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/.test(text);
}

function requirePrefix(agent: string, text: string): void {
  try {
    parsePrefix(text);
  } catch {
    throw new SessionRefused("invalid", `agent ${agent} opens ${show(text)}, which is not a prefix`);
  }
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
