import { expect, test } from "@jest/globals";
import { machineChecks, networkChecks } from "../../../agent/doctor/machine.js";
import { runChecks } from "../../../shared/cli/check.js";
import { UserError } from "../../../shared/errors.js";

test("checks are made one after the other, and one that fails does not keep the next from being made", async () => {
  const seen: string[] = [];
  const findings = await runChecks(
    [
      { name: "one", look: async () => "fine" },
      { name: "two", look: () => Promise.reject(new UserError("no right", { remedy: "be root" })) },
      { name: "three", look: async () => ({ warning: "slow", remedy: "buy another" }) },
      { name: "four", look: () => Promise.reject(new Error("odd")) },
    ],
    (finding) => seen.push(finding.name),
  );
  expect(findings).toEqual([
    { name: "one", state: "ok", detail: "fine", remedy: "" },
    { name: "two", state: "failed", detail: "no right", remedy: "be root" },
    { name: "three", state: "warning", detail: "slow", remedy: "buy another" },
    { name: "four", state: "failed", detail: "odd", remedy: "look into this machine's log" },
  ]);
  expect(seen).toEqual(["one", "two", "three", "four"]);
});

test.each([
  ["18.20.4", "failed"],
  ["20.18.9", "failed"],
  ["20.19.0", "ok"],
  ["22.1.0", "ok"],
])("Node.js %s is %s", async (version, state) => {
  const node = machineChecks(version).filter(({ name }) => name === "node");
  expect(await runChecks(node, () => undefined)).toMatchObject([{ name: "node", state }]);
});

test("an interface without any route fails, and each family without one is a warning", async () => {
  const findings = await runChecks(
    networkChecks("eth7", async () => []),
    () => undefined,
  );
  expect(findings.map(({ name, state }) => [name, state])).toEqual([
    ["interface", "failed"],
    ["IPv4", "warning"],
    ["IPv6", "warning"],
    ["driver", "failed"],
  ]);
  expect(findings[0]?.detail).toMatch(/eth7/);
});
