import { jetstream } from "@nats-io/jetstream";
import { headers, type NatsConnection, type Subscription } from "@nats-io/transport-node";
import { ASK_HEADER, ATTEMPT_HEADER, decodeNotice, encodeAsk, MOST_ASKED } from "../../shared/batch/notice.js";
import { errorMessage } from "../../shared/errors.js";
import type { SpoolMeta } from "../spool/record.js";
import type { Spool } from "../spool/spool.js";
import { createDeliveries, type Delivery } from "./deliveries.js";

export interface PublisherOptions {
  readonly spool: Pick<Spool, "list" | "read" | "remove" | "aside" | "setAside">;
  /** Makes a connection that reconnects by itself (see broker.ts); asked again for as long as it rejects. */
  readonly connect: () => Promise<NatsConnection>;
  readonly vantage: string;
  readonly agent: string;
  /** Called when the rows of a batch are in the warehouse; the batch has left the spool. */
  readonly onCommitted: (meta: SpoolMeta) => void;
  /** Called for each batch that ingest can never insert as it is; it stays in the spool, aside. */
  readonly onBuried?: (meta: SpoolMeta, reason: string) => void;
  /** Told of each batch how long it took from its first publication in this life to its commit notice. */
  readonly onLag?: (seconds: number) => void;
  /** One line for each kind of trouble when it begins. */
  readonly report: (problem: string) => void;
  /** Batches that may be without commit notice at a time; the others wait in the spool. */
  readonly maxInFlight?: number;
  /** After this long without a commit notice a batch is published again. */
  readonly noticeTimeoutMs?: number;
  /** How long an answer is waited for before a batch that an earlier life left is published again. */
  readonly answerMs?: number;
  /** Pause after a publication that failed, and between attempts to connect. */
  readonly retryMs?: number;
  readonly now?: () => number;
}

export interface PublisherStats {
  readonly connected: boolean;
  /** Batches that the broker took, each publication counted. */
  readonly published: number;
  readonly publishedRows: number;
  readonly publishedBytes: number;
  /** Publications after the first one of a batch. */
  readonly republished: number;
  readonly failed: number;
  readonly committed: number;
  readonly committedRows: number;
  /** Batches that ingest cannot insert as they are. */
  readonly buried: number;
  /** Batches published and neither committed nor due again. */
  readonly inFlight: number;
}

/**
 * Carries batches from the spool to the broker's stream until their commit notice comes. The broker's acknowledgement
 * is not durability, so only the notice removes a batch. Works in the background from the moment it is made, through
 * any absence of the broker.
 */
export interface Publisher {
  /** To be called after a batch went into the spool; saves it the wait for the next look, a second at the most. */
  wake(): void;
  stats(): PublisherStats;
  /** Publishes nothing any more and closes the connection; what is in the spool stays there. */
  close(): Promise<void>;
}

/** Messages of up to 1 MB each on their way at a time. */
const PUBLISHING_AT_A_TIME = 4;
const LOOK_EVERY_MS = 1_000;
const ACK_TIMEOUT_MS = 5_000;

export function createPublisher(options: PublisherOptions): Publisher {
  const { spool, connect, vantage, agent, onCommitted, report } = options;
  const { maxInFlight = 32, noticeTimeoutMs = 30_000, answerMs = 3_000, retryMs = 1_000, now = Date.now } = options;
  const { onBuried = () => undefined } = options;
  const known = spool.list().map((meta) => meta.batch);
  const deliveries = createDeliveries({ known, maxInFlight, noticeTimeoutMs, retryMs });
  const counters = {
    ...{ published: 0, publishedRows: 0, publishedBytes: 0, republished: 0, failed: 0 },
    ...{ committed: 0, committedRows: 0, buried: 0 },
  };
  /** When the broker took a batch first, for those that are not committed. */
  const takenMs = new Map<string, number>();
  const publications = new Set<Promise<void>>();
  const abort = new AbortController();
  let connection: NatsConnection | null = null;
  let trouble = "";

  const inTrouble = (problem: string): void => {
    if (problem !== trouble && !abort.signal.aborted) {
      trouble = problem;
      report(problem);
    }
  };

  const subjectOf = (campaign: string): string => `parallax.rows.${campaign}.${vantage}.${agent}`;

  const publish = async (to: NatsConnection, { batch, attempt }: Delivery): Promise<void> => {
    const meta = spool.list().find((entry) => entry.batch === batch);
    const message = meta === undefined ? null : await spool.read(batch);
    if (meta === undefined || message === null) {
      deliveries.forget(batch);
      takenMs.delete(batch);
      return;
    }
    const attributes = headers();
    attributes.set(ATTEMPT_HEADER, String(attempt));
    try {
      const subject = subjectOf(meta.campaign);
      await jetstream(to).publish(subject, message, { headers: attributes, timeout: ACK_TIMEOUT_MS });
      deliveries.accepted(batch, now());
      counters.published++;
      counters.publishedRows += meta.rows;
      counters.publishedBytes += message.length;
      if (!takenMs.has(batch)) takenMs.set(batch, now());
      counters.republished += attempt > 1 ? 1 : 0;
      trouble = "";
    } catch (error) {
      deliveries.failed(batch, now());
      counters.failed++;
      inTrouble(`the broker did not take a batch: ${errorMessage(error)}`);
    }
  };

  const look = (): void => {
    while (connection !== null && publications.size < PUBLISHING_AT_A_TIME) {
      const batches = spool.list().map((meta) => meta.batch);
      const delivery = deliveries.take(batches, now());
      if (delivery === null) {
        return;
      }
      const publication = publish(connection, delivery)
        .catch((error: unknown) => {
          deliveries.failed(delivery.batch, now());
          inTrouble(`batch ${delivery.batch} cannot be read: ${errorMessage(error)}`);
        })
        .finally(() => {
          publications.delete(publication);
          look();
        });
      publications.add(publication);
    }
  };

  /**
   * Notices may have been missed: in an earlier life, or while the broker was away. A question is a hundredth of what its
   * batches are.
   */
  const ask = async (to: NatsConnection): Promise<void> => {
    const campaigns = new Map<string, SpoolMeta[]>();
    const asked = [...spool.aside(), ...spool.list().filter(({ batch }) => deliveries.wasPublished(batch))];
    for (const meta of asked.slice(0, MOST_ASKED)) {
      campaigns.set(meta.campaign, [...(campaigns.get(meta.campaign) ?? []), meta]);
    }
    for (const [campaign, metas] of campaigns) {
      const attributes = headers();
      attributes.set(ASK_HEADER, "1");
      const question = encodeAsk(metas.map(({ batch, table }) => ({ batch, table })));
      for (const { batch } of metas) deliveries.asked(batch, now() + answerMs);
      await jetstream(to)
        .publish(subjectOf(campaign), question, { headers: attributes, timeout: ACK_TIMEOUT_MS })
        .catch((error: unknown) => inTrouble(`the broker did not take a question: ${errorMessage(error)}`));
    }
  };

  const bury = async (batch: string, reason: string): Promise<void> => {
    const meta = spool.list().find((entry) => entry.batch === batch);
    if (meta === undefined) {
      return;
    }
    await spool.setAside(batch);
    deliveries.forget(batch);
    takenMs.delete(batch);
    counters.buried++;
    onBuried(meta, reason);
    look();
  };

  const commit = async (batch: string): Promise<void> => {
    const meta = [...spool.list(), ...spool.aside()].find((entry) => entry.batch === batch);
    if (meta === undefined) {
      return;
    }
    await spool.remove(batch);
    deliveries.forget(batch);
    const since = takenMs.get(batch);
    if (since !== undefined) options.onLag?.((now() - since) / 1_000);
    takenMs.delete(batch);
    counters.committed++;
    counters.committedRows += meta.rows;
    onCommitted(meta);
    look();
  };

  const takeNotices = async (notices: Subscription): Promise<void> => {
    for await (const notice of notices) {
      const told = decodeNotice(notice.string());
      await (told.kind === "committed" ? commit(told.batch) : bury(told.batch, told.reason));
    }
  };

  /** nats.js keeps messages for a broker that is away; they would all come twice, so none is given to it then. */
  const followStatus = async (open: NatsConnection): Promise<void> => {
    for await (const status of open.status()) {
      if (status.type === "disconnect") {
        connection = null;
        inTrouble("the broker is away");
      } else if (status.type === "reconnect") {
        trouble = "";
        begin(open);
      }
    }
  };

  const begin = (open: NatsConnection): void => {
    connection = open;
    void ask(open);
    look();
  };

  /** Works with one connection until it is closed for good. */
  const serve = async (open: NatsConnection): Promise<void> => {
    const close = (): void => void open.close();
    abort.signal.addEventListener("abort", close);
    try {
      const notices = takeNotices(open.subscribe(`parallax.committed.${agent}`));
      const status = followStatus(open);
      trouble = "";
      begin(open);
      await Promise.all([notices, status, open.closed()]);
    } finally {
      connection = null;
      abort.signal.removeEventListener("abort", close);
      await open.close();
    }
  };

  const serveForEver = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      try {
        const open = await connect();
        await (abort.signal.aborted ? open.close() : serve(open));
      } catch (error) {
        inTrouble(`no work with the broker: ${errorMessage(error)}`);
      }
      await pause(retryMs, abort.signal);
    }
  };

  const timer = setInterval(look, Math.min(LOOK_EVERY_MS, retryMs));
  const served = serveForEver();

  return {
    wake: look,
    stats: () => ({ connected: connection !== null, ...counters, inFlight: deliveries.inFlight(now()) }),
    async close() {
      clearInterval(timer);
      connection = null;
      abort.abort();
      await served;
      await Promise.all(publications);
    },
  };
}

/** Resolves after `ms`, or at once when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
