import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { VERSION } from "../../shared/version.js";

test("the version that both programs tell is that of package.json", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(manifest).toMatchObject({ version: VERSION });
});
