import { expect, it } from "@jest/globals";
import { waitingLine } from "../../../coordinator/ingest/waiting.js";

/** As the ClickHouse client gives them: number and name of the server's error. */
const told = (code: string, type: string, message: string) =>
  [`${type} (${code})`, Object.assign(new Error(message), { code, type })] as const;

it.each([
  [
    ...told("243", "NOT_ENOUGH_SPACE", "Cannot reserve 1.00 MiB, not enough space. "),
    "its disk is full: make room on it",
  ],
  [...told("242", "TABLE_IS_READ_ONLY", "Table is in readonly mode. "), "it takes no rows from this user"],
  [...told("164", "READONLY", "ingest: Cannot execute query in readonly mode. "), "it takes no rows from this user"],
  [...told("516", "AUTHENTICATION_FAILED", "ingest: Authentication failed"), "it takes no rows from this user"],
  [...told("ECONNREFUSED", "no server", "connect ECONNREFUSED 127.0.0.1:8123"), "start it again"],
  [...told("241", "MEMORY_LIMIT_EXCEEDED", "Memory limit exceeded\nwhile merging"), "see its log"],
])("%s is one line that says what to do", (_, error, remedy) => {
  const line = waitingLine(error);

  expect(line).not.toContain("\n");
  expect(line).toContain(`${error.message.split("\n")[0]?.trim().replace(/\.$/, "")}; ${remedy}`);
});
