import type { Structure } from "./build.js";
import type { WorldStart } from "./world.js";

/** What the lab's owner asks of the supervisor; each has a number, and an answer with the same number. */
export type LabRequest =
  | {
      readonly type: "build";
      readonly topology: Structure;
      readonly world: WorldStart;
    }
  | {
      readonly type: "start";
      readonly namespace: string;
      readonly argv: readonly string[];
      readonly cwd: string;
      readonly logFile: string;
    }
  | { readonly type: "kill"; readonly pid: number; readonly signal: NodeJS.Signals }
  | { readonly type: "exec"; readonly namespace: string; readonly argv: readonly string[] };

export type LabMessage =
  | { readonly type: "ready" }
  | { readonly type: "answer"; readonly to: number; readonly value: unknown }
  | { readonly type: "error"; readonly to: number; readonly message: string; readonly remedy: string }
  | {
      readonly type: "exited";
      readonly pid: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };
