/** Longest that a part may take to say how it is. */
const WITHIN_MS = 2_000;

/**
 * Asks a part that may be slow or away: null where it fails or takes longer than `withinMs`. While an earlier question is
 * open no other is asked, so that a part that hangs does not get ever more of them.
 */
export function patient<T>(ask: () => Promise<T>, withinMs = WITHIN_MS): () => Promise<T | null> {
  let open: Promise<T | null> | null = null;
  return async () => {
    open ??= ask()
      .catch(() => null)
      .finally(() => {
        open = null;
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), withinMs);
    });
    try {
      return await Promise.race([open, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
