import { type AgentIdentity, selectableLabels } from "../session/agent.js";
import type { SourceRecord } from "./record.js";
import { parseSelector, type Selector } from "./selector.js";
import type { CampaignSpec } from "./spec.js";

/** Which agents a campaign may use, and for what. */
export interface Matcher {
  /** Matches `placement.vantages` and at least one port group. */
  isSelected(agent: AgentIdentity): boolean;
  /** How many of the connected agents are selected. */
  countSelected(connected: readonly { readonly identity: AgentIdentity }[]): number;
  /** May work on the source, apart from refusals. */
  serves(agent: AgentIdentity, source: SourceRecord): boolean;
  /** What an agent must have to work on the source, in words: `web=443 at vantage sin`. */
  describe(source: SourceRecord): string;
}

export function createMatcher(spec: CampaignSpec): Matcher {
  const selectors = new Map<string, Selector>();
  const matches = (text: string, agent: AgentIdentity): boolean => {
    const selector = selectors.get(text) ?? parseSelector(text);
    selectors.set(text, selector);
    return selector(selectableLabels(agent));
  };
  const { vantages, ports } = spec.placement;
  // Asked for every agent at every grant; an agent's labels stay as they are for its session.
  const isSelected = oncePerAgent(
    (agent) =>
      matches(vantages, agent) && spec.ports.some((port) => matches((ports[String(port)] ?? "").trim(), agent)),
  );
  let counted: { readonly connected: readonly unknown[]; readonly count: number } | null = null;
  const hasLabels = new Map<string, (agent: AgentIdentity) => boolean>();
  const labelled = (selector: string) => {
    const known = hasLabels.get(selector);
    const has = known ?? oncePerAgent((agent) => matches(vantages, agent) && matches(selector, agent));
    hasLabels.set(selector, has);
    return has;
  };
  return {
    isSelected,
    countSelected(connected) {
      if (counted?.connected !== connected) {
        counted = { connected, count: connected.filter(({ identity }) => isSelected(identity)).length };
      }
      return counted.count;
    },
    serves: (agent, source) =>
      (source.family === "v4" ? agent.ipv4 : agent.ipv6) &&
      (source.vantage === null || source.vantage === agent.vantage) &&
      labelled(source.selector)(agent),
    describe(source) {
      const family = source.family === "v4" ? "IPv4" : "IPv6";
      const labels = [source.selector, vantages.trim()].filter((text) => text !== "");
      const wanted = labels.length > 0 && family === "IPv4" ? labels : [...labels, family];
      return `${wanted.join(" and ")}${source.vantage === null ? "" : ` at vantage ${source.vantage}`}`;
    },
  };
}

function oncePerAgent(judge: (agent: AgentIdentity) => boolean): (agent: AgentIdentity) => boolean {
  const known = new WeakMap<AgentIdentity, boolean>();
  return (agent) => {
    const answer = known.get(agent) ?? judge(agent);
    known.set(agent, answer);
    return answer;
  };
}
