import { beforeEach, describe, expect, it } from "@jest/globals";
import pino from "pino";
import type { CampaignFile } from "../../../coordinator/campaign/create.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { ControlConflict } from "../../../coordinator/control/conflict.js";
import type { Codec, Control } from "../../../coordinator/control/control.js";
import { openSeries, type SeriesBook } from "../../../coordinator/series/series.js";
import { nextTime, parseTemplate } from "../../../coordinator/series/template.js";
import { UserError } from "../../../shared/errors.js";

const template = (schedule: string): string =>
  `series: weekly\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nschedule: ${schedule}\n`;
const at = (text: string): number => Date.parse(text);

let nowMs: number;
let documents: Map<string, { text: string; revision: number }>;
let made: { id: string; state: string; file: CampaignFile }[];
let failing: boolean;
let series: SeriesBook;

/** The control state in memory, with its revisions. */
const control: Control = {
  load: async (key, codec) => {
    const found = documents.get(key);
    return found === undefined ? null : { key, value: codec.decode(found.text), revision: found.revision };
  },
  list: async <T>(prefix: string, codec: Codec<T>) =>
    [...documents]
      .filter(([key]) => key.startsWith(`${prefix}.`))
      .map(([key, { text, revision }]) => ({ key, value: codec.decode(text), revision })),
  create: async (key, codec, value) => {
    if (documents.has(key)) throw new ControlConflict(key);
    documents.set(key, { text: codec.encode(value), revision: 1 });
    return 1;
  },
  update: async (key, codec, value, revision) => {
    if (documents.get(key)?.revision !== revision) throw new ControlConflict(key);
    documents.set(key, { text: codec.encode(value), revision: revision + 1 });
    return revision + 1;
  },
  remove: async (key) => void documents.delete(key),
  openLog: () => {
    throw new Error("series keep no log");
  },
};

const open = () =>
  openSeries({
    control,
    campaigns: {
      async create(file) {
        const id = `weekly-${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}`;
        made.push({ id, state: "created", file });
        return { id } as CampaignProgress;
      },
      async start(id) {
        if (failing) throw new UserError("no connected agent matches", { remedy: "start agents first" });
        const campaign = made.find((one) => one.id === id);
        if (campaign !== undefined) campaign.state = "running";
        return { id } as CampaignProgress;
      },
      async cancel(id) {
        const campaign = made.find((one) => one.id === id);
        if (campaign !== undefined) campaign.state = "cancelled";
        return { id } as CampaignProgress;
      },
      list: () => made.map(({ id, state }) => ({ id, state }) as CampaignProgress),
    },
    sendFile: async (path) => ({ id: "sent", name: path }),
    wallMs: () => nowMs,
    random: () => 0.5,
    log: pino({ level: "silent" }),
    onConflict: (error) => {
      throw error;
    },
  });

beforeEach(async () => {
  [documents, made, failing] = [new Map(), [], false];
  nowMs = at("2026-03-01T12:00:00Z");
  series = await open();
});

/** Lets the clock run in steps of ten seconds. */
async function until(text: string): Promise<void> {
  for (const end = at(text); nowMs < end; nowMs += 10_000) await series.tick();
}
const begun = (): string[] => made.map(({ id }) => id);
const finishAll = (): void => {
  for (const campaign of made) campaign.state = "finished";
};

describe("a series", () => {
  it("begins a campaign of its own at each time of its schedule, without the schedule in its file", async () => {
    await series.create({ text: template('"0 3 * * *"'), files: {} });
    for (const day of ["02", "03", "04"]) {
      await until(`2026-03-${day}T12:00:00Z`);
      finishAll();
    }
    expect(begun()).toEqual(["weekly-20260302-030000", "weekly-20260303-030000", "weekly-20260304-030000"]);
    expect(made[0]?.file.text).toBe("series: weekly\ntargets: { ipv4: [ 198.18.0.0/24 ] }\nports: [ 80 ]\n");
    expect(series.get("weekly")).toMatchObject({ missedInAll: 0, lastRun: { campaign: "weekly-20260304-030000" } });
  });

  it("keeps to the wall clock of its zone when the clocks change", () => {
    const schedule = { cron: "30 3 * * *", timeZone: "Europe/Berlin" };
    const times = ["2026-03-27T12:00:00Z", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "2026-10-24T12:00:00Z"];
    expect(times.map((time) => new Date(nextTime(schedule, at(time)) ?? 0).toISOString())).toEqual([
      "2026-03-28T02:30:00.000Z",
      "2026-03-29T01:30:00.000Z",
      "2026-03-30T01:30:00.000Z",
      "2026-10-25T02:30:00.000Z",
    ]);
  });

  it("runs once on the day on which its hour does not exist, and once on the day that has it twice", async () => {
    nowMs = at("2026-03-28T12:00:00Z");
    await series.create({
      text: template('{ cron: "30 2 * * *", timeZone: Europe/Berlin, overlap: true }'),
      files: {},
    });
    await until("2026-03-30T12:00:00Z");
    expect(begun()).toHaveLength(2);
    nowMs = at("2026-10-24T12:00:00Z");
    series = await open();
    made = [];
    await series.runNow("weekly");
    made = [];
    await until("2026-10-24T12:01:00Z");
    await until("2026-10-25T12:00:00Z");
    expect(begun()).toHaveLength(1);
  });

  it("waits for the jitter, and draws it anew", async () => {
    const record = await series.create({ text: template('{ cron: "0 3 * * *", jitterMinutes: 60 }'), files: {} });
    expect(record).toMatchObject({ nextAtMs: at("2026-03-02T03:00:00Z"), dueAtMs: at("2026-03-02T03:30:00Z") });
    await until("2026-03-02T03:29:00Z");
    expect(begun()).toEqual([]);
    await until("2026-03-02T03:31:00Z");
    expect(begun()).toEqual(["weekly-20260302-033000"]);
  });

  it("does not begin while the last run is under way, unless that is allowed", async () => {
    await series.create({ text: template('"0 3 * * *"'), files: {} });
    await until("2026-03-04T04:00:00Z");
    expect(begun()).toEqual(["weekly-20260302-030000"]);
    expect(series.get("weekly").missed).toEqual(
      ["03", "04"].map((day) => ({
        scheduledAtMs: at(`2026-03-${day}T03:00:00Z`),
        reason: "weekly-20260302-030000 is still under way",
      })),
    );
    await expect(series.runNow("weekly")).rejects.toThrow("still under way");
  });

  it.each([
    [false, ["2026-03-02", "2026-03-03", "2026-03-04"], 0],
    [true, ["2026-03-02", "2026-03-03"], 1],
  ])(
    "that was without a coordinator reports what it missed, and with catchUp %s makes up for one",
    async (catchUp, missed, runs) => {
      await series.create({ text: template(`{ cron: "0 3 * * *", catchUp: ${catchUp} }`), files: {} });
      nowMs = at("2026-03-04T15:00:00Z");
      series = await open();
      await series.tick();
      await series.tick();
      expect(begun()).toHaveLength(runs);
      expect(series.get("weekly").missed).toEqual(
        missed.map((day) => ({ scheduledAtMs: at(`${day}T03:00:00Z`), reason: "no coordinator was running" })),
      );
      expect(series.get("weekly").nextAtMs).toBe(at("2026-03-05T03:00:00Z"));
    },
  );

  it("survives a restart in the middle of a run's beginning: the run is found again, or reported", async () => {
    await series.create({ text: template('"0 3 * * *"'), files: {} });
    const [key = ""] = documents.keys();
    const cut = (): void => {
      const { text, revision } = documents.get(key) ?? { text: "{}", revision: 0 };
      const starting = { scheduledAtMs: at("2026-03-02T03:00:00Z"), atMs: nowMs };
      documents.set(key, { text: JSON.stringify({ ...JSON.parse(text), starting }), revision });
    };
    nowMs = at("2026-03-02T03:00:01Z");
    cut();
    expect((await open()).get("weekly")).toMatchObject({
      starting: null,
      missed: [{ reason: "the coordinator ended while the run began" }],
    });
    cut();
    made.push({ id: "weekly-20260302-030001", state: "running", file: { text: "" } });
    expect((await open()).get("weekly").lastRun).toMatchObject({ campaign: "weekly-20260302-030001", problem: "" });
  });

  it("whose run cannot start says why and leaves no campaign that waits", async () => {
    await series.create({ text: template('"0 3 * * *"'), files: {} });
    failing = true;
    await until("2026-03-02T04:00:00Z");
    expect(made.map(({ state }) => state)).toEqual(["cancelled"]);
    expect(series.get("weekly")).toMatchObject({
      missedInAll: 1,
      lastRun: { problem: expect.stringContaining("no connected agent") },
    });
    await expect(series.runNow("weekly")).rejects.toThrow("no connected agent");
  });

  it("that is paused begins nothing and misses nothing; removed, it is forgotten", async () => {
    await series.create({ text: template('"0 3 * * *"'), files: {} });
    await series.setPaused("weekly", true);
    await until("2026-03-04T04:00:00Z");
    await series.setPaused("weekly", false);
    await until("2026-03-05T04:00:00Z");
    expect(begun()).toEqual(["weekly-20260305-030000"]);
    expect(series.get("weekly").missedInAll).toBe(0);
    await series.remove("weekly");
    expect((await open()).list()).toEqual([]);
    expect(() => series.get("weekly")).toThrow('no series "weekly"');
  });
});

describe("a template", () => {
  it.each([
    ["no schedule", "series: a\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\n", "schedule"],
    ["a schedule that is none", template('"every day"'), "every day"],
    ["an unknown zone", template('{ cron: "0 3 * * *", timeZone: Mars/Base }'), "Mars/Base"],
    ["an unknown key", template('{ cron: "0 3 * * *", retry: 1 }'), "schedule"],
    ["a seed", `${template('"0 3 * * *"')}seed: 1\n`, "seed"],
    ["a time that never comes", template('"0 0 30 2 *"'), "never comes"],
    ["a wrong campaign", template('"0 3 * * *"').replace("198.18.0.0/24", "300.0.0.0/8"), "targets.ipv4[0]"],
  ])("with %s is refused by one line that names it", (_, text, names) => {
    let failure: unknown;
    try {
      parseTemplate(text);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(UserError);
    expect(failure).toMatchObject({ exitCode: 2, message: expect.stringContaining(names) });
  });
});
