import { expect, test } from "@jest/globals";
import { createTrouble } from "../../../agent/lease/trouble.js";

test("each part's trouble is logged when it begins, changes and ends, and told for as long as it lasts", () => {
  const lines: string[] = [];
  const trouble = createTrouble({ warn: (line) => lines.push(line), info: (line) => lines.push(line) });
  trouble.end("spool");
  trouble.begin("spool", "full");
  trouble.begin("spool", "full");
  trouble.begin("broker", "away");
  expect(trouble.summary).toBe("spool: full; broker: away");
  expect([trouble.isIn("spool"), trouble.isIn("coordinator")]).toEqual([true, false]);
  trouble.begin("spool", "read-only");
  trouble.end("spool");
  expect(trouble.summary).toBe("broker: away");
  expect(lines).toEqual(["spool: full", "broker: away", "spool: read-only", "spool: in order again"]);
});
