import type { Check, Warning } from "../../shared/cli/check.js";
import { errorMessage, UserError } from "../../shared/errors.js";
import type { Health } from "../metrics/health.js";

const DAY_MS = 86_400_000;
/** As the alert rules have them. */
const MOST_LAG_MS = 60_000;
const MOST_OFFSET_US = 1e6;
const FULL = 0.8;
const OWN_CERTIFICATE_DAYS = 14;
const FETCH_MS = 3_000;

/** What a coordinator that runs says of its parts, a line each; `metricsUrl` empty: metrics are at its API alone. */
export function healthChecks(asked: () => Promise<Health>, metricsUrl: string): Check[] {
  const check = (name: string, look: (health: Health) => string | Warning): Check => ({
    name,
    look: async () => look(await asked()),
  });
  return [
    check("broker", checkBroker),
    check("tables", checkWarehouse),
    check("ingest", checkIngest),
    check("dead letters", checkDead),
    check("certificates", checkCertificates),
    check("agents", checkAgents),
    check("clocks", checkClocks),
    check("alarms", ({ alarms }) =>
      alarms === 0
        ? "none"
        : { warning: `${alarms} open`, remedy: "`parallax agents` and `parallax canaries CAMPAIGN` name them" },
    ),
    { name: "metrics", look: () => checkMetrics(metricsUrl) },
  ];
}

function checkBroker({ broker }: Health): string | Warning {
  if (broker === null) {
    throw new UserError("the broker does not tell of its streams", { remedy: "see the coordinator's log" });
  }
  const text = `answers, its fullest stream is ${Math.round(broker.fullest * 100)} % full`;
  return broker.fullest < FULL
    ? text
    : { warning: text, remedy: "ingest is behind or there are dead letters: agents slow down when it is full" };
}

function checkWarehouse({ warehouse }: Health): string {
  if (warehouse === null) {
    throw new UserError("the warehouse does not answer within two seconds", {
      remedy: "see the coordinator's log; it is started again by itself at most 20 times in ten minutes",
    });
  }
  return `${warehouse.rows} rows, the engine is up for ${duration(warehouse.uptimeSeconds * 1_000)}`;
}

function checkIngest({ broker }: Health): string | Warning {
  if (broker === null) return { warning: "not known without the broker", remedy: "see there" };
  const text = `${broker.waiting} batches wait, the oldest for ${duration(broker.lagMs)}`;
  return broker.lagMs < MOST_LAG_MS
    ? text
    : { warning: text, remedy: "see the warehouse and its disk, then `parallax ingest` in more processes" };
}

function checkDead({ broker }: Health): string | Warning {
  if (broker === null) return { warning: "not known without the broker", remedy: "see there" };
  return broker.dead === 0
    ? "none"
    : {
        warning: `${broker.dead} batches cannot be inserted`,
        remedy: "`parallax ingest dead list` says why; `parallax ingest replay-dead` when it is mended",
      };
}

function checkCertificates({ certificates, agents, nowMs }: Health): string | Warning {
  for (const name of ["authority", "server"] as const) {
    const days = Math.floor((certificates[name] - nowMs) / DAY_MS);
    if (days >= OWN_CERTIFICATE_DAYS) continue;
    const remedy = name === "server" ? "start the coordinator again: it makes a new one" : "see docs/enrolment.md";
    return { warning: `that of the ${name} ends in ${days} days`, remedy };
  }
  const ending = agents.filter(
    ({ state, certificateEndsMs }) =>
      state !== "gone" && certificateEndsMs !== null && certificateEndsMs - nowMs < DAY_MS,
  );
  return ending.length === 0
    ? `the authority's holds until ${new Date(certificates.authority).toISOString().slice(0, 10)}`
    : {
        warning: `${namesOf(ending)}: less than a day left`,
        remedy: "see why they do not renew in their logs; what has expired is enrolled again",
      };
}

function checkAgents({ agents }: Health): string | Warning {
  const text = (["connected", "silent", "gone"] as const)
    .map((state) => `${agents.filter((agent) => agent.state === state).length} ${state}`)
    .join(", ");
  const unfit = agents.filter(({ state, problem }) => state === "connected" && problem !== "");
  if (unfit.length > 0) {
    return { warning: `${text}; unfit: ${namesOf(unfit)}`, remedy: "`parallax agents` says why in `last error`" };
  }
  return agents.some(({ state }) => state === "silent")
    ? { warning: text, remedy: "silent ones are cut off or frozen: their leases move to others" }
    : text;
}

function checkClocks({ agents }: Health): string | Warning {
  const off = agents.filter(({ clockOffsetUs }) => Math.abs(clockOffsetUs ?? 0) > MOST_OFFSET_US);
  if (off.length > 0) {
    return { warning: `${namesOf(off)}: over a second off`, remedy: "run chrony or systemd-timesyncd there" };
  }
  const most = Math.max(0, ...agents.map(({ clockOffsetUs }) => Math.abs(clockOffsetUs ?? 0)));
  return agents.length === 0 ? "no agent to compare with" : `agents' are within ${(most / 1_000).toFixed(1)} ms`;
}

async function checkMetrics(url: string): Promise<string | Warning> {
  if (url === "") return "at /metrics of the API, for the operator's token";
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) });
    if (answer.ok && (await answer.text()).includes("parallax_coordinator_info")) return url;
    return { warning: `${url} answers ${answer.status}`, remedy: "see the coordinator's log" };
  } catch (cause) {
    return { warning: `${url} does not answer (${errorMessage(cause)})`, remedy: "see --metrics-address" };
  }
}

/** The first few of them. */
function namesOf(agents: readonly { readonly agent: string }[]): string {
  const MOST = 5;
  const names = agents.slice(0, MOST).map(({ agent }) => agent);
  return [...names, ...(agents.length > MOST ? [`${agents.length - MOST} more`] : [])].join(", ");
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
