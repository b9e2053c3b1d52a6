/** What the machine's service manager is told of an agent's life. */
export interface ServiceManager {
  /** From now on `status`, a line for people, is asked every few seconds, and the watchdog is fed while this loop lives. */
  begin(status: () => string): void;
  /** The agent works; said once. */
  ready(): void;
  /** The agent is about to end. */
  stopping(): void;
  close(): void;
}

/** Where nobody asked to be told. */
export const NO_SERVICE_MANAGER: ServiceManager = { begin() {}, ready() {}, stopping() {}, close() {} };
