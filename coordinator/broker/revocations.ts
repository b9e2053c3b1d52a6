import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../shared/errors.js";
import type { BrokerAccounts } from "../identity/broker-accounts.js";
import { type BrokerClient, dialBroker } from "./dial.js";

const ANSWER_MS = 5_000;
const RETRY_MS = 1_000;

/** Tells a running broker who is not let in any more. Its connections are ended at once. */
export interface BrokerRevocations {
  /** To be called when the void keys have changed; several changes may share one message. */
  changed(): void;
  close(): Promise<void>;
}

export interface BrokerRevocationsOptions {
  readonly url: string;
  /** A user of the system account. */
  readonly client: BrokerClient;
  /** The accounts as they are now, with the keys that are void. */
  readonly accounts: () => Promise<BrokerAccounts>;
  readonly report: (problem: string) => void;
}

/** Sends the agents' account anew (`$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE`) until the broker has it. */
export function createBrokerRevocations(options: BrokerRevocationsOptions): BrokerRevocations {
  const closing = new AbortController();
  let wanted = 0;
  let told = 0;
  let running: Promise<void> | null = null;

  const tell = async (): Promise<void> => {
    const { agents } = await options.accounts();
    const connection = await dialBroker(options.url, options.client, "revocations");
    try {
      const subject = `$SYS.REQ.ACCOUNT.${agents.key}.CLAIMS.UPDATE`;
      const answer = (await connection.request(subject, agents.jwt, { timeout: ANSWER_MS })).string();
      if (!/"code":\s*200/.test(answer)) throw new Error(answer);
    } finally {
      await connection.close();
    }
  };

  const run = async (): Promise<void> => {
    while (told < wanted && !closing.signal.aborted) {
      const now = wanted;
      try {
        await tell();
        told = now;
      } catch (error) {
        options.report(`the broker does not know yet who was revoked: ${errorMessage(error)}`);
        await sleep(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
    running = null;
  };

  return {
    changed() {
      wanted += 1;
      running ??= run();
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
