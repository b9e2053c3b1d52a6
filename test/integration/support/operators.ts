import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestSystem } from "./system.js";

/** What an operator's folder holds. */
interface Pems {
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
}

/** Makes an operator; resolves with the folder. */
export async function addOperator(system: TestSystem, name: string, ...more: string[]): Promise<string> {
  const folder = join(system.folder, `operator-${name}`);
  await system.parallax("operators", "add", name, "--out", folder, ...more);
  return folder;
}

export function pemsOf(folder: string): Pems {
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { key: read("operator.key"), certificate: read("operator.crt"), authority: read("ca.crt") };
}

/** A folder like an operator's, of other things. */
export function folderOf(system: TestSystem, name: string, { key, certificate, authority }: Pems): string {
  const folder = join(system.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "operator.key"), key);
  writeFileSync(join(folder, "operator.crt"), certificate);
  writeFileSync(join(folder, "ca.crt"), authority);
  return folder;
}

/** Options with which a command goes to the coordinator's port for operators. */
export function as(system: TestSystem, folder: string): string[] {
  return ["--server", system.operatorsUrl(), "--identity", folder];
}

/** Lines of the log with refusals whose text has this. */
export function refusals(system: TestSystem, text: RegExp): string[] {
  return system.log().filter((line) => line.includes('"refused"') && text.test(line));
}
