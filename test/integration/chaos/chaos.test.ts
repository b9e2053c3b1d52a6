import { expect, it } from "@jest/globals";
import { runChaos } from "../../chaos/chaos.js";

const TIMEOUT_MS = 600_000;

it(
  "loses nothing, doubles nothing and leaves nothing out while everything is killed, stopped, cut and wiped",
  async () => {
    const lines: string[] = [];
    const { kills, problems, report } = await runChaos({ minutes: 0.75, seed: 1, say: (line) => lines.push(line) });
    // What was done when says more than a difference.
    expect({ problems, lines: problems.length > 0 ? lines : [] }).toEqual({ problems: [], lines: [] });
    expect(report).toMatchObject({ ok: true, missing: { rows: 0 }, twice: { rows: 0 }, unknown: { rows: 0 } });
    expect(kills).toBeGreaterThan(5);
  },
  TIMEOUT_MS,
);
