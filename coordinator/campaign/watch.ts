import type { CampaignProgress } from "./progress.js";
import { isOver } from "./record.js";

export interface WatchSource {
  /** Called when there is news. */
  readonly watchers: Set<() => void>;
  view(): CampaignProgress;
  isStopped(): boolean;
}

/** The progress now and after every news, last the one in which the campaign is over. A slow reader skips some. */
export async function* watchProgress(source: WatchSource, signal?: AbortSignal): AsyncGenerator<CampaignProgress> {
  let news = false;
  let resume = (): void => undefined;
  const wake = (): void => {
    news = true;
    resume();
  };
  source.watchers.add(wake);
  signal?.addEventListener("abort", wake);
  try {
    for (;;) {
      news = false;
      const progress = source.view();
      yield progress;
      if (isOver(progress)) {
        return;
      }
      if (!news) {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
      if (signal?.aborted === true || source.isStopped()) {
        return;
      }
    }
  } finally {
    source.watchers.delete(wake);
    signal?.removeEventListener("abort", wake);
  }
}
