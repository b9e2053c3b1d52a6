/**
 * An error that a user can act on: `message` names the thing that is wrong, `remedy` says what to do about it.
 * Commands print it as one line and exit with `exitCode` (2 for wrong usage or configuration, 1 otherwise).
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly remedy: string;
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { remedy: string; exitCode?: 1 | 2; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 1;
  }

  /** The line a terminal shows: `what is wrong; what to do`. */
  get line(): string {
    return `${this.message}; ${this.remedy}`;
  }
}

/** Remote bytes that do not have the form they should have. Decoders throw this and nothing else. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/**
 * Code of one of Node's system errors, such as `ENOENT`; empty for anything else. Looks at the property, not the class:
 * such errors may come from another realm.
 */
export function errorCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** What an error says, for one line of text. */
export function errorMessage(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
