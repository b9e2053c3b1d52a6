import { alarmText } from "../../../alarm/alarm.js";
import type { AgentReport } from "../../../alarm/report.js";
import type { CampaignProgress, Marks } from "../../../campaign/progress.js";
import type { Overview } from "../../overview.js";
import { duration, moment, percent, plural, whole } from "../format.js";
import { Badge, Empty, Figure, Panel, Scroll, Title } from "../parts/parts.js";
import { routeHash } from "../route.js";
import type { Tone } from "../tones.js";

const STATE_TONES: Readonly<Record<CampaignProgress["state"], Tone>> = {
  created: "quiet",
  running: "good",
  finished: "plain",
  cancelled: "quiet",
  failed: "bad",
};

function stateTone({ state, paused }: Pick<CampaignProgress, "state" | "paused">): Tone {
  return paused ? "warn" : STATE_TONES[state];
}

/** The campaign that runs, or the last one; who works for it, and what is wrong. */
export function Live({ overview, chosen }: { overview: Overview; chosen: CampaignProgress | null }) {
  return (
    <>
      <Title>Live</Title>
      {overview.alarms.map((alarm) => (
        <div class="problem" role="alert" key={`${alarm.kind} ${alarm.agent} ${alarm.target} ${alarm.port}`}>
          <strong>Alarm</strong> <span>{alarmText(alarm)}</span>
        </div>
      ))}
      {chosen === null ? (
        <Empty title="No campaign yet">
          Make one with <code>parallax campaign create campaign.yaml --start</code>; it shows up here by itself.
        </Empty>
      ) : (
        <Campaign progress={chosen} nowMs={overview.nowMs} />
      )}
      <Working agents={overview.agents} />
      <Campaigns campaigns={overview.campaigns} />
    </>
  );
}

function Campaign({ progress, nowMs }: { progress: CampaignProgress; nowMs: number }) {
  const { id, state, paused, step, marks, startedAtMs, finishedAtMs } = progress;
  const isRunning = state === "running";
  return (
    <Panel
      title={id}
      note={
        <>
          <Badge tone={stateTone(progress)}>{paused ? "paused" : state}</Badge> {isRunning && step !== null && step}
        </>
      }
    >
      <ProgressBar marks={marks} label={step ?? state} />
      <dl class="figures">
        <Figure
          value={marks.size === 0 ? "–" : percent(part(marks))}
          label="Sent"
          note={`${whole(marks.sent)} of ${whole(marks.size)}`}
        />
        <Figure
          value={whole(progress.packetsPerSecond)}
          label="Packets/s"
          note={isRunning ? "all its agents" : "at rest"}
        />
        <Figure value={whole(progress.indicesPerSecond)} label="Targets/s" />
        <Figure value={progress.etaMs === null ? "–" : duration(progress.etaMs)} label="Left of this pass" />
        <Figure
          value={startedAtMs === null ? "–" : duration((finishedAtMs ?? nowMs) - startedAtMs)}
          label={finishedAtMs === null ? "Running for" : "Took"}
          {...(startedAtMs !== null && { note: `since ${moment(startedAtMs)}` })}
        />
      </dl>
      {[...progress.waiting, ...progress.notes, ...(progress.error === "" ? [] : [progress.error])].map((line) => (
        <p class="remark" key={line}>
          {line}
        </p>
      ))}
      {progress.sources.length > 0 && (
        <Scroll label="Passes and their target sources">
          <table>
            <caption class="unseen">Passes and their target sources</caption>
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col" class="wide">
                  Progress
                </th>
                <th scope="col" class="n">
                  Targets
                </th>
                <th scope="col" class="n">
                  Committed
                </th>
                <th scope="col">Agents</th>
              </tr>
            </thead>
            <tbody>
              {progress.sources.map(({ source, agents, ...own }) => (
                <tr key={source}>
                  <th scope="row">
                    <code>{source}</code>
                  </th>
                  <td>
                    <ProgressBar marks={own} label={source} />
                  </td>
                  <td class="n">{whole(own.size)}</td>
                  <td class="n">{percent(own.size === 0 ? 1 : own.committed / own.size)}</td>
                  <td>{agents.length === 0 ? "–" : agents.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {state === "finished" && (
        <p class="links">
          <a href={routeHash("matrix", { campaign: id })}>Compare vantage points</a>
          <a href={routeHash("dossiers", { campaign: id })}>Middleboxes found</a>
        </p>
      )}
    </Panel>
  );
}

function part({ sent, size }: Marks): number {
  return size === 0 ? 0 : sent / size;
}

/** What is committed, what is in flight behind it, and what is left. */
function ProgressBar({ marks, label }: { marks: Marks; label: string }) {
  const { size, sent, committed } = marks;
  const of = (mark: number) => (size === 0 ? 0 : (mark / size) * 100);
  return (
    <svg
      class="progress"
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${percent(part(marks))} sent`}
    >
      <rect class="track" width="100" height="4" />
      <rect class="sent" width={of(sent)} height="4" />
      <rect class="committed" width={of(committed)} height="4" />
    </svg>
  );
}

/** Of so many packets, how many were answered. */
export function hitRate({ stats }: Pick<AgentReport, "stats">): string {
  return stats === null || stats.packetsSent === 0 ? "–" : percent(stats.replies / stats.packetsSent);
}

export const AGENT_TONES: Readonly<Record<AgentReport["state"], Tone>> = {
  connected: "good",
  silent: "warn",
  gone: "quiet",
};

function Working({ agents }: { agents: readonly AgentReport[] }) {
  const present = agents.filter(({ state }) => state !== "gone");
  return (
    <Panel title="Agents" note={plural(present.length, "connected", "connected")}>
      {present.length === 0 ? (
        <Empty title="No agent is connected">
          <code>parallax enroll create --vantage NAME</code> prints a token for a machine.
        </Empty>
      ) : (
        <Scroll label="Agents that are connected">
          <table>
            <caption class="unseen">Agents that are connected</caption>
            <thead>
              <tr>
                <th scope="col">Agent</th>
                <th scope="col">Vantage point</th>
                <th scope="col">State</th>
                <th scope="col" class="n">
                  Packets/s
                </th>
                <th scope="col" class="n">
                  Sent
                </th>
                <th scope="col" class="n">
                  Replies
                </th>
                <th scope="col" class="n">
                  Hit rate
                </th>
              </tr>
            </thead>
            <tbody>
              {present.map((one) => (
                <tr key={one.agent}>
                  <th scope="row">{one.agent}</th>
                  <td>{one.vantage}</td>
                  <td>
                    <Badge tone={AGENT_TONES[one.state]}>{one.state}</Badge>
                  </td>
                  <td class="n">{whole(one.stats?.packetsPerSecond ?? 0)}</td>
                  <td class="n">{whole(one.stats?.packetsSent ?? 0)}</td>
                  <td class="n">{whole(one.stats?.replies ?? 0)}</td>
                  <td class="n">{hitRate(one)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

/** Campaigns that are listed; all of them are in `parallax campaign list`. */
const LISTED = 12;

function Campaigns({ campaigns }: { campaigns: readonly CampaignProgress[] }) {
  if (campaigns.length === 0) return null;
  return (
    <Panel title="Campaigns" note={campaigns.length > LISTED ? `the last ${LISTED} of ${campaigns.length}` : undefined}>
      <Scroll label="Campaigns">
        <table>
          <caption class="unseen">Campaigns, the newest first</caption>
          <thead>
            <tr>
              <th scope="col">Campaign</th>
              <th scope="col">State</th>
              <th scope="col">Started</th>
              <th scope="col" class="n">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {campaigns
              .slice(-LISTED)
              .reverse()
              .map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    <a href={routeHash("live", { campaign: one.id })}>{one.id}</a>
                  </th>
                  <td>
                    <Badge tone={stateTone(one)}>{one.paused ? "paused" : one.state}</Badge>
                  </td>
                  <td>{one.startedAtMs === null ? "–" : moment(one.startedAtMs)}</td>
                  <td class="n">
                    {one.startedAtMs === null || one.finishedAtMs === null
                      ? "–"
                      : duration(one.finishedAtMs - one.startedAtMs)}
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
