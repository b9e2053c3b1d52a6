import { UserError } from "../../shared/errors.js";
import { isOver } from "../campaign/record.js";
import type { Campaigns } from "../campaign/runner.js";
import type { CampaignStore } from "../campaign/store.js";
import type { Clock } from "../lease/clock.js";
import type { Store } from "../store/store.js";
import { type ReplayEvent, replayCampaign } from "./replay.js";

export interface ReplayDeskOptions {
  readonly store: Store;
  readonly campaigns: Pick<Campaigns, "record">;
  readonly campaignStore: Pick<CampaignStore, "buildComparison">;
  readonly clock: Clock;
}

/** Lets one replay at a time work on a campaign. */
export interface ReplayDesk {
  /**
   * See `replayCampaign`. Throws UserError for a campaign that is not there, is not over, or is being replayed.
   */
  replay(campaign: string, apply: boolean): AsyncGenerator<ReplayEvent>;
}

export function createReplayDesk({ store, campaigns, campaignStore, clock }: ReplayDeskOptions): ReplayDesk {
  const working = new Set<string>();

  async function* work(campaign: string, events: AsyncGenerator<ReplayEvent>): AsyncGenerator<ReplayEvent> {
    working.add(campaign);
    try {
      yield* events;
    } finally {
      working.delete(campaign);
    }
  }

  return {
    replay(campaign, apply) {
      const record = campaigns.record(campaign);
      if (!isOver(record)) {
        throw new UserError(`campaign ${campaign} is ${record.state}: its rows are not complete`, {
          remedy: `wait for its end with \`parallax campaign watch ${campaign}\``,
        });
      }
      if (working.has(campaign)) {
        throw new UserError(`campaign ${campaign} is being replayed already`, { remedy: "wait for that to end" });
      }
      const rebuild = () => campaignStore.buildComparison(record);
      return work(campaign, replayCampaign({ store, record, apply, rebuild, clock }));
    },
  };
}
