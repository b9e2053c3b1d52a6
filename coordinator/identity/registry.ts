import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { readJsonFile, writeSecretFile } from "./files.js";
import {
  type AgentRecord,
  agentRecord,
  type OperatorRecord,
  operatorRecord,
  type TokenRecord,
  tokenRecord,
} from "./records.js";

/**
 * Who may do what: enrolled agents, enrolment tokens and operators, a file each in the data folder, where the authority's
 * key is too. A change is on disk when the call returns, and nothing else runs meanwhile: what is looked at before `put` still
 * holds.
 */
export interface Registry {
  agent(name: string): AgentRecord | null;
  agents(): AgentRecord[];
  putAgent(record: AgentRecord): void;
  token(id: string): TokenRecord | null;
  tokens(): TokenRecord[];
  putToken(record: TokenRecord): void;
  operator(name: string): OperatorRecord | null;
  operators(): OperatorRecord[];
  putOperator(record: OperatorRecord): void;
}

/** Reads the records of a data folder. @throws UserError when one is damaged */
export function openRegistry(data: string): Registry {
  const agents = openTable(join(data, "identity", "agents"), agentRecord, ({ name }) => name);
  const tokens = openTable(join(data, "identity", "tokens"), tokenRecord, ({ id }) => id);
  const operators = openTable(join(data, "identity", "operators"), operatorRecord, ({ name }) => name);
  return {
    agent: agents.get,
    agents: agents.all,
    putAgent: agents.put,
    token: tokens.get,
    tokens: tokens.all,
    putToken: tokens.put,
    operator: operators.get,
    operators: operators.all,
    putOperator: operators.put,
  };
}

/** Names are letters, digits, - and _, so that each makes a file name. */
function openTable<T>(folder: string, schema: z.ZodType<T>, nameOf: (record: T) => string) {
  const records = new Map<string, T>();
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    if (!file.endsWith(".json")) continue;
    const record = readJsonFile(join(folder, file), schema);
    if (record !== null) records.set(nameOf(record), record);
  }
  return {
    get: (name: string) => records.get(name) ?? null,
    all: () => [...records.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
    put(record: T): void {
      writeSecretFile(join(folder, `${nameOf(record)}.json`), JSON.stringify(record));
      records.set(nameOf(record), record);
    },
  };
}
