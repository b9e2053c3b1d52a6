import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { zooDocument } from "../../../deploy/lab/zoo/document.js";

it("docs/middleboxes.md says what the zoo says (npm run generate:docs)", () => {
  expect(readFileSync("docs/middleboxes.md", "utf8")).toBe(zooDocument());
});
