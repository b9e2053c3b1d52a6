import type { Role } from "./executor.js";

/** What the parent tells the warehouse process, once, at its start. */
export interface ParentMessage {
  readonly folder: string;
  readonly database: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly tokens: Readonly<Record<Role, string>>;
  /** Folder in memory under which inserts are spooled. */
  readonly spoolRoot: string;
}

export type ChildMessage =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "problem"; readonly text: string }
  | { readonly type: "failed"; readonly message: string; readonly remedy: string };
