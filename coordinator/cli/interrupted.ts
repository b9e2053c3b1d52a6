/** Settles at SIGINT or SIGTERM, or fails from outside. */
export function interrupted(): { promise: Promise<void>; fail(error: Error): void } {
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    fail = reject;
  });
  // It may fail before anybody waits for it.
  promise.catch(() => undefined);
  return { promise, fail };
}
