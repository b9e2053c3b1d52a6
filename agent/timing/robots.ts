import type { RobotsVerdict, TimingOutcome } from "../../shared/timing/names.js";

/** Our product token (RFC 9309 section 2.2.1). */
export const ROBOTS_TOKEN = "parallax";
/** What is read of a robots.txt at most; section 2.5 asks for 500 KiB at least. */
export const ROBOTS_BYTES = 512 * 1024;

/** What came back for /robots.txt. */
export interface RobotsAnswer {
  readonly outcome: TimingOutcome;
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Whether `/` may be fetched (RFC 9309 section 2.3.1). A server that has no such file allows everything, one that cannot
 * be asked nothing. Redirects are not followed and count as no file.
 */
export function robotsVerdict({ outcome, status, body }: RobotsAnswer): RobotsVerdict {
  const answered = outcome === "complete" || outcome === "body-limit";
  if (!answered || status >= 500 || status === 429) return "unreachable";
  if (status < 200 || status >= 300) return "allowed";
  return mayFetchRoot(Buffer.from(body).toString("utf8"), ROBOTS_TOKEN) ? "allowed" : "disallowed";
}

interface Rule {
  readonly allow: boolean;
  readonly pattern: string;
}

/** Whether the rules for `token`, or for all where there are none for it, let `/` be fetched. */
export function mayFetchRoot(text: string, token: string): boolean {
  const groups = rulesByAgent(text);
  const rules = groups.get(token.toLowerCase()) ?? groups.get("*") ?? [];
  // The longest pattern counts, and of two that are as long the one that allows (section 2.2.2).
  let best: Rule | null = null;
  for (const rule of rules) {
    if (!matchesRoot(rule.pattern)) continue;
    const isLonger = best === null || rule.pattern.length > best.pattern.length;
    if (isLonger || (rule.pattern.length === best?.pattern.length && rule.allow)) best = rule;
  }
  return best?.allow ?? true;
}

/** Groups that name the same agent are one (section 2.2.1). */
function rulesByAgent(text: string): Map<string, Rule[]> {
  const groups = new Map<string, Rule[]>();
  let agents: string[] = [];
  let inRules = false;
  for (const line of text.split(/[\r\n]/)) {
    const { key, value } = keyAndValue(line);
    if (key === "user-agent") {
      if (inRules) agents = [];
      inRules = false;
      const agent = agentOf(value);
      agents.push(agent);
      if (!groups.has(agent)) groups.set(agent, []);
    } else if (key === "allow" || key === "disallow") {
      inRules = true;
      // An empty pattern matches nothing.
      if (value === "") continue;
      for (const agent of agents) groups.get(agent)?.push({ allow: key === "allow", pattern: value });
    }
  }
  return groups;
}

/** Not by a regular expression: the text is somebody else's, and may be long lines of blanks. */
function keyAndValue(line: string): { key: string; value: string } {
  const colon = line.indexOf(":");
  const comment = line.indexOf("#");
  if (colon < 0 || (comment >= 0 && comment < colon)) return { key: "", value: "" };
  const value = line.slice(colon + 1, comment < 0 ? line.length : comment);
  return { key: line.slice(0, colon).replace("\uFEFF", "").trim().toLowerCase(), value: value.trim() };
}

/** What is behind a token is a version or a comment. */
function agentOf(value: string): string {
  return value.startsWith("*") ? "*" : (/^[A-Za-z_-]*/.exec(value)?.[0] ?? "").toLowerCase();
}

/** Whether a pattern (`*` for anything, `$` for the end; section 2.2.3) matches the path `/`. */
function matchesRoot(pattern: string): boolean {
  const open = pattern.endsWith("$") ? pattern.slice(0, -1) : pattern;
  const literal = open.replaceAll("*", "");
  return literal === "/" || (literal === "" && open !== "");
}
