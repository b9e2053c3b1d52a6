import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { rulesDocument } from "../../deploy/docs/rules.js";

it("docs/verdicts.md says what the tables of rules say (npm run generate:docs)", () => {
  expect(readFileSync("docs/verdicts.md", "utf8")).toBe(rulesDocument());
});
