import { Cron } from "croner";
import { parseDocument } from "yaml";
import { z } from "zod";
import { errorMessage, UserError } from "../../shared/errors.js";
import { type CampaignSpec, parseCampaign } from "../campaign/spec.js";

const schedule = z.union([
  z.string().transform((cron) => ({ cron })),
  z.strictObject({
    /** Five fields, as crontab(5) has them. */
    cron: z.string(),
    /** IANA name. */
    timeZone: z.string().optional(),
    /** Each run begins so much later at the most, drawn anew. */
    jitterMinutes: z.number().min(0).max(1_440).optional(),
    /** A run may begin while the last one is under way. */
    overlap: z.boolean().optional(),
    /** Of the runs that fell into a time without a coordinator, one is made up for. */
    catchUp: z.boolean().optional(),
  }),
]);

export interface Schedule {
  readonly cron: string;
  readonly timeZone: string;
  readonly jitterMs: number;
  readonly overlap: boolean;
  readonly catchUp: boolean;
}

/** A campaign file with a `schedule`. */
export interface SeriesTemplate {
  /** Of the series, and of its campaigns. */
  readonly name: string;
  readonly schedule: Schedule;
  /** The campaign's file: the template without its schedule. */
  readonly campaignText: string;
  readonly spec: CampaignSpec;
}

/** Reads a template. Throws UserError (exit code 2) naming the key. */
export function parseTemplate(text: string): SeriesTemplate {
  const document = parseDocument(text);
  const [broken] = document.errors;
  // The campaign's own reader says best what is wrong with YAML.
  if (broken !== undefined) parseCampaign(text);
  const found = document.get("schedule");
  if (found === undefined) {
    throw wrong("schedule: a series needs one", 'add a line such as schedule: "0 3 * * 1"');
  }
  const parsed = schedule.safeParse((document.toJS() as { schedule: unknown }).schedule);
  if (!parsed.success) {
    throw wrong(
      `schedule: ${parsed.error.issues[0]?.message ?? "cannot be read"}`,
      "give a cron expression, or cron, timeZone, jitterMinutes, overlap and catchUp",
    );
  }
  document.delete("schedule");
  const campaignText = document.toString();
  const spec = parseCampaign(campaignText);
  if (spec.seed !== undefined) {
    throw wrong("seed: each run of a series has keys of its own", "remove the seed");
  }
  const {
    cron,
    timeZone = "UTC",
    jitterMinutes = 0,
    overlap = false,
    catchUp = false,
  } = parsed.data as {
    cron: string;
    timeZone?: string;
    jitterMinutes?: number;
    overlap?: boolean;
    catchUp?: boolean;
  };
  const checked = { cron, timeZone, jitterMs: jitterMinutes * 60_000, overlap, catchUp };
  if (nextTime(checked, Date.UTC(2026, 0, 1)) === null) {
    throw wrong(`schedule: ${cron} never comes`, "give a time that does");
  }
  return { name: spec.series, schedule: checked, campaignText, spec };
}

/** The first time of a schedule after `afterMs` (Unix time), or null. Throws UserError for one that cannot be read. */
export function nextTime({ cron, timeZone }: Pick<Schedule, "cron" | "timeZone">, afterMs: number): number | null {
  try {
    return (
      new Cron(cron, { timezone: timeZone, paused: true, mode: "5-part" }).nextRun(new Date(afterMs))?.getTime() ?? null
    );
  } catch (error) {
    throw wrong(
      `schedule: ${cron} in ${timeZone}: ${errorMessage(error)}`,
      "give five fields, and a zone such as Europe/Berlin",
    );
  }
}

function wrong(message: string, remedy: string): UserError {
  return new UserError(message, { remedy, exitCode: 2 });
}
