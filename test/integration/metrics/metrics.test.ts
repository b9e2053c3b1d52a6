import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { openAgentMetrics } from "../../../agent/metrics/metrics.js";
import { alertRules, metricNames } from "../../deploy/prometheus/rules.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(120_000);

const CAMPAIGN = `series: watched
targets: { ipv4: [198.18.0.0/25] }
ports: [80]
placement: { mode: replicate }
stages: { synscan: { mptcp: [v1], control: true, options: linux } }
rate: { perAgentPps: 500 }
`;
const DASHBOARDS = "deploy/grafana/dashboards";

let system: TestSystem;
let agent: Awaited<ReturnType<typeof openAgentMetrics>>;
let coordinator: string;
let ofAgent: string;

async function scrape(): Promise<string> {
  const token = readFileSync(join(system.data, "operator.token"), "utf8");
  const answer = await fetch(`http://${system.ports().api}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, expect.stringContaining("version=0.0.4")]);
  return answer.text();
}

beforeAll(async () => {
  system = await startSystem();
  agent = await openAgentMetrics({ host: "127.0.0.1", port: 0 });
  await system.startAgent("fra-1", "fra", agent);
  await system.until(
    () => system.api<{ state: string }[]>("/v1/agents"),
    (agents) => agents.some(({ state }) => state === "connected"),
  );
  const { id, error } = await system.api<{ id?: string; error?: string }>("/v1/campaigns", { text: CAMPAIGN });
  if (id === undefined) throw new Error(`no campaign: ${error}`);
  await system.api(`/v1/campaigns/${id}/start`, {});
  // While it runs: its series are there for as long as it does.
  coordinator = await system.until(scrape, (text) => (valueIn(text, "parallax_campaign_targets") ?? 0) > 0);
  await system.until(
    () => system.api<{ state: string }>(`/v1/campaigns/${id}`),
    ({ state }) => state === "finished",
  );
  // The broker may say that it has the last batch after ingest has said that it is stored.
  ofAgent = await system.until(
    async () => (await fetch(agent.url)).text(),
    (text) =>
      (valueIn(text, "parallax_agent_published_rows_total") ?? 0) >=
      (valueIn(text, "parallax_agent_stored_rows_total") ?? Number.POSITIVE_INFINITY),
  );
});
afterAll(async () => {
  await system.stop();
  await agent.close();
});

/** The sum over a metric's series; undefined: it has none. */
function valueIn(text: string, name: string, label = ""): number | undefined {
  const values = text
    .split("\n")
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
    .map((line) => Number(line.split(" ").at(-1)));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

function exported(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^# TYPE (\S+) /gm)].flatMap(([, name = ""]) => name));
}

describe("the metrics of programs that run", () => {
  it("have every name that a rule or a dashboard asks for", () => {
    const there = new Set([...exported(coordinator), ...exported(ofAgent)]);
    const asked = [
      ...alertRules().flatMap(({ expr }) => metricNames(expr)),
      ...readdirSync(DASHBOARDS).flatMap((file) => metricNames(readFileSync(join(DASHBOARDS, file), "utf8"))),
    ];
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((name) => !there.has(name))).toEqual([]);
  });

  it("agree with what was sent, answered and stored", async () => {
    const after = await system.until(scrape, (text) => valueIn(text, "parallax_campaigns", "finished") === 1);
    const [{ rows } = { rows: -1 }] = await system.query("SELECT count() AS rows FROM syn_replies");
    // Two probes to each of 128 targets; a packet of the self-test comes besides.
    expect(valueIn(ofAgent, "parallax_agent_probes_sent_total")).toBeGreaterThanOrEqual(256);
    expect(valueIn(ofAgent, "parallax_agent_replies_total")).toBeGreaterThanOrEqual(Number(rows));
    const stored = valueIn(ofAgent, "parallax_agent_stored_rows_total");
    expect(stored).toBeGreaterThanOrEqual(Number(rows));
    expect(valueIn(ofAgent, "parallax_agent_published_rows_total")).toBeGreaterThanOrEqual(stored ?? -1);
    expect(valueIn(ofAgent, "parallax_agent_committed_rows_total")).toBe(stored);
    expect(valueIn(ofAgent, "parallax_agent_commit_lag_seconds_count")).toBe(
      valueIn(ofAgent, "parallax_agent_committed_batches_total"),
    );
    expect(valueIn(ofAgent, "parallax_agent_spool_oldest_seconds")).toBe(0);
    expect(valueIn(ofAgent, "parallax_agent_connected")).toBe(1);
    expect(valueIn(ofAgent, "parallax_agent_self_test_passed")).toBe(1);
    expect(valueIn(after, "parallax_ingest_rows_total")).toBeGreaterThanOrEqual(stored ?? -1);
    expect(valueIn(after, "parallax_ingest_insert_seconds_count")).toBeGreaterThanOrEqual(
      valueIn(after, "parallax_ingest_batches_total") ?? -1,
    );
    expect(valueIn(after, "parallax_warehouse_table_rows", 'table="syn_replies"')).toBe(Number(rows));
    expect(valueIn(after, "parallax_warehouse_inserts_total")).toBeGreaterThan(0);
    expect(valueIn(after, "parallax_grant_latency_seconds_count")).toBeGreaterThan(0);
    expect(valueIn(after, "parallax_broker_stream_messages", 'stream="dead"')).toBe(0);
    expect(valueIn(after, "parallax_fleet_agent_up", 'agent="fra-1",vantage="fra"')).toBe(1);
    expect(valueIn(after, "parallax_data_disk_free_bytes")).toBeGreaterThan(0);
    expect(valueIn(after, "parallax_fleet_certificate_expiry_timestamp_seconds")).toBeGreaterThan(Date.now() / 1_000);
  });

  it("say nothing of targets and secrets", () => {
    const token = readFileSync(join(system.data, "operator.token"), "utf8").trim();
    for (const text of [coordinator, ofAgent]) {
      expect(text).not.toContain("198.18.");
      expect(text).not.toContain(token);
    }
  });

  it("are for nobody without the token at the API", async () => {
    expect((await fetch(`http://${system.ports().api}/metrics`)).status).toBe(401);
  });

  it("come from programs that log JSON, a line each, and nothing else", () => {
    const lines = system.log().map((line) => JSON.parse(line) as { level: number; time: number; msg: string });
    expect(lines.length).toBeGreaterThan(0);
    for (const { level, time, msg } of lines) {
      expect([typeof level, typeof time, typeof msg]).toEqual(["number", "number", "string"]);
    }
  });

  it("are what the doctor's findings say of each part", async () => {
    const { checks } = await system.json<{ checks: { name: string; state: string; detail: string }[] }>("doctor");
    const parts = [
      "broker",
      "tables",
      "ingest",
      "dead letters",
      "certificates",
      "agents",
      "clocks",
      "alarms",
      "metrics",
    ];
    expect(checks.filter(({ name, state }) => parts.includes(name) && state === "ok").map(({ name }) => name)).toEqual(
      parts,
    );
    expect(checks.find(({ name }) => name === "agents")?.detail).toBe("1 connected, 0 silent, 0 gone");
  });
});
