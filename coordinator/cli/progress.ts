import cliProgress from "cli-progress";
import type { CampaignProgress } from "../campaign/progress.js";
import { createAlarmLines } from "./alarm-lines.js";

export interface ProgressPrinter {
  show(progress: CampaignProgress): void;
  end(): void;
}

/**
 * Progress of a campaign: a bar on a terminal, a line every few seconds elsewhere; a line for each alarm, and its notes,
 * each once.
 */
export function createProgressPrinter(out: NodeJS.WriteStream, now: () => number = Date.now): ProgressPrinter {
  const printer = out.isTTY === true ? createBar(out) : createLines(out, now);
  const alarms = createAlarmLines(out);
  let told = 0;
  return {
    show(progress) {
      const news = progress.notes.slice(told);
      told = progress.notes.length;
      if (news.length > 0) printer.end();
      for (const note of news) out.write(`  note: ${note}\n`);
      alarms.show(progress.alarms);
      printer.show(progress);
    },
    end: () => printer.end(),
  };
}

const LINE_EVERY_MS = 2_000;

function createLines(out: NodeJS.WritableStream, now: () => number): ProgressPrinter {
  let lastLine = "";
  let lastStep = "";
  let lastAt = Number.NEGATIVE_INFINITY;
  return {
    show: (progress) => {
      const line = progressLine(progress);
      const step = `${progress.state} ${progress.step} ${progress.marks.size}`;
      if (line === lastLine || (step === lastStep && now() - lastAt < LINE_EVERY_MS)) return;
      lastLine = line;
      lastStep = step;
      lastAt = now();
      out.write(`${line}\n`);
    },
    end: () => undefined,
  };
}

function createBar(out: NodeJS.WriteStream): ProgressPrinter {
  let bar: cliProgress.SingleBar | null = null;
  let step = "";
  const close = () => {
    bar?.stop();
    bar = null;
  };
  return {
    show: (progress) => {
      const { marks } = progress;
      const present = `${progress.state} ${progress.step}`;
      if (present !== step) close();
      step = present;
      if (progress.state !== "running" || marks.size === 0) return;
      if (bar === null) {
        bar = new cliProgress.SingleBar(
          { format: "  {step} {bar} {percentage}%  {detail}", stream: out, hideCursor: true, barsize: 28 },
          cliProgress.Presets.shades_classic,
        );
        bar.start(marks.size, 0, { step: stepName(progress), detail: "" });
      }
      bar.update(marks.committed, { step: stepName(progress), detail: detail(progress) });
    },
    end: close,
  };
}

/** One line: where the campaign stands, how fast it is, how long it takes. */
export function progressLine(progress: CampaignProgress): string {
  const { marks } = progress;
  if (progress.state !== "running") {
    return `  ${progress.id} is ${progress.state}${progress.error === "" ? "" : `: ${progress.error}`}`;
  }
  if (progress.step === "comparing") return "  comparing the vantage points";
  if (marks.size === 0) return `  ${stepName(progress)} choosing the targets`;
  const percent = Math.floor((100 * marks.committed) / marks.size);
  return `  ${stepName(progress)} ${String(percent).padStart(3)} %  ${detail(progress)}`;
}

function stepName(progress: CampaignProgress): string {
  return (progress.step ?? progress.state).padEnd(9);
}

function detail(progress: CampaignProgress): string {
  const { marks, packetsPerSecond, etaMs, waiting, alarms } = progress;
  const count = (value: number) => Math.round(value).toLocaleString("en");
  const parts = [
    ...(alarms.length > 0 ? [`${alarms.length} ${alarms.length === 1 ? "ALARM" : "ALARMS"}`] : []),
    ...(progress.paused ? ["paused"] : []),
    `${count(marks.committed)} of ${count(marks.size)} targets`,
    `${count(packetsPerSecond)} packets/s`,
    ...(etaMs === null ? [] : [`${Math.ceil(etaMs / 1_000)} s left`]),
    ...waiting.slice(0, 1),
  ];
  return parts.join(", ");
}
