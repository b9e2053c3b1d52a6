import { UserError } from "../errors.js";
import type { OutputField } from "./field.js";
import { IP_FIELDS } from "./ip-fields.js";
import { MPTCP_FIELDS } from "./mptcp-fields.js";
import { TCP_FIELDS } from "./tcp-fields.js";

/**
 * Every field, in the order of the default output. The names before `variant` are those of ZMap 4 (`tcp_synscan`), and of
 * the TUM fork that scanned with TCP options (`tcp_synopt`: optionshex and what follows it).
 */
const OUTPUT_FIELDS: readonly OutputField[] = [...IP_FIELDS, ...TCP_FIELDS, ...MPTCP_FIELDS];

/**
 * Reads `saddr,sport,classification`; `*` is every field, nothing the default ones. ZMap's older names with hyphens
 * (`timestamp-ts`) are taken too. A field is printed under the name that it was asked for by.
 *
 * @throws UserError with exit code 2 that names the unknown field
 */
export function chooseFields(text: string | undefined): OutputField[] {
  if (text === undefined) return OUTPUT_FIELDS.filter((field) => field.onRequest === undefined);
  if (text.trim() === "*") return [...OUTPUT_FIELDS];
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names)].map((name) => ({ ...fieldNamed("--output-fields", name), name }));
}

/** The field of this name, hyphens taken for underscores. Throws UserError with exit code 2. */
export function fieldNamed(option: string, name: string): OutputField {
  const plain = name.replaceAll("-", "_");
  const found = OUTPUT_FIELDS.find((field) => field.name === plain);
  if (found === undefined) {
    throw new UserError(`${option}: there is no field ${JSON.stringify(name)}`, {
      remedy: "see parallax-agent scan --list-output-fields",
      exitCode: 2,
    });
  }
  return found;
}

/** As ZMap prints it: name, type and meaning, a line each. */
export function listFields(): string {
  const lines = OUTPUT_FIELDS.map(({ name, type, describe }) => `${name.padEnd(20)}${type.padStart(8)}: ${describe}\n`);
  return lines.join("");
}
