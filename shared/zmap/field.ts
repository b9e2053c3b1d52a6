import type { ScannedReply } from "./reply.js";

/** Null: the reply has no such thing; JSON leaves the field out, CSV leaves it empty. */
export type FieldValue = string | number | boolean | null;

/** One column of the output. Text has neither quotes nor backslashes nor control characters. */
export interface OutputField {
  readonly name: string;
  readonly type: "string" | "int" | "bool";
  readonly describe: string;
  /** Left out unless it is asked for by name: another form of what is there already. */
  readonly onRequest?: true;
  value(reply: ScannedReply): FieldValue;
}
