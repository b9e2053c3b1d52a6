import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../shared/errors.js";

const running = z.object({
  pid: z.number().int(),
  /** HTTP API. */
  api: z.string(),
  /** The same for operators elsewhere, with certificates; empty when it is not listened for them. */
  operators: z.string(),
  /** Empty: only by the API. */
  metrics: z.string().default(""),
  /** ClickHouse's HTTP interface. */
  warehouse: z.string(),
  /** gRPC, `host:port`: sessions, and enrolment. */
  agents: z.string(),
  enrolment: z.string(),
  broker: z.string(),
});

/** Where a running `parallax up` can be reached. */
export type Running = z.infer<typeof running>;

/** The files of one coordinator: tokens, and while it runs, where to reach it. */
export interface StateFolder {
  readonly folder: string;
  /** A token file of this name, made when missing; mode 0600. */
  token(name: TokenName): string;
  tokenFile(name: TokenName): string;
  /** Throws UserError when a coordinator runs on this folder already. */
  claim(): void;
  publish(where: Omit<Running, "pid">): void;
  /** The coordinator that runs, or null. */
  running(): Running | null;
  release(): void;
}

type TokenName = "operator";

/** Opens a data folder without making it. */
export function openState(folder: string): StateFolder {
  const file = join(folder, "up.json");
  const tokenFile = (name: TokenName) => join(folder, `${name}.token`);

  const read = (): Running | null => {
    if (!existsSync(file)) return null;
    const parsed = running.safeParse(parse(readFileSync(file, "utf8")));
    return parsed.success && isAlive(parsed.data.pid) ? parsed.data : null;
  };

  const write = (where: Running) => {
    writeFileSync(`${file}.new`, JSON.stringify(where), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };

  return {
    folder,
    tokenFile,
    token: (name) => {
      const path = tokenFile(name);
      if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString("base64url"), { mode: 0o600 });
      return readFileSync(path, "utf8").trim();
    },
    claim: () => {
      const other = read();
      // In a container every life of a program has the same number: our own is an earlier one's.
      if (other !== null && other.pid !== process.pid) {
        throw new UserError(`a coordinator runs on ${folder} already (process ${other.pid}, ${other.api})`, {
          remedy: "end it first, or give another folder with --data",
        });
      }
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const nowhere = { api: "", operators: "", metrics: "", warehouse: "", agents: "", enrolment: "", broker: "" };
      write({ pid: process.pid, ...nowhere });
    },
    publish: (where) => write({ pid: process.pid, ...where }),
    running: () => {
      const where = read();
      return where === null || where.api === "" ? null : where;
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** A file that was cut off by a crash says nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is such a process, of another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
