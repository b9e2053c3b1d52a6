import type { CampaignProgress, Marks } from "../../../campaign/progress.js";
import { duration, moment, percent, whole } from "../format.js";
import { sentPart, shownMarks } from "../marks.js";
import { Badge, Figure, Panel } from "../parts/parts.js";
import { numbers, Table } from "../parts/table.js";
import { routeHash } from "../route.js";
import { stateTone } from "../tones.js";

/** One campaign: how far it is, and each of its passes. */
export function CampaignPanel({ progress, nowMs }: { progress: CampaignProgress; nowMs: number }) {
  const { id, state, paused, step, startedAtMs, finishedAtMs } = progress;
  const marks = shownMarks(progress);
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
          value={marks.size === 0 ? "–" : percent(sentPart(marks))}
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
        <Table
          label="Passes and their target sources"
          columns={["Source", { name: "Progress", kind: "wide" }, ...numbers("Targets", "Committed"), "Agents"]}
        >
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
        </Table>
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
      aria-label={`${label}: ${percent(sentPart(marks))} sent`}
    >
      <rect class="track" width="100" height="4" />
      <rect class="sent" width={of(sent)} height="4" />
      <rect class="committed" width={of(committed)} height="4" />
    </svg>
  );
}
