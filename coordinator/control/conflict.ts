import { JetStreamApiError } from "@nats-io/jetstream";

/** Someone else has written the document since it was read: there is a second coordinator. */
export class ControlConflict extends Error {
  override readonly name = "ControlConflict";

  constructor(key: string, cause?: unknown) {
    super(`control state "${key}" was changed by another coordinator; stop one of the two`, { cause });
  }
}

/** Wrong last sequence, as JetStream calls it (error codes 10071 and 10164). */
export function isConflict(error: unknown): boolean {
  return error instanceof JetStreamApiError && (error.code === 10071 || error.code === 10164);
}
