import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { Check } from "../../shared/cli/check.js";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";
import type { AgentConfig } from "../config/config.js";
import { requireUnexpired } from "../identity/identity.js";
import { connectBroker } from "../publish/broker.js";
import { reachCoordinator } from "../session/reach.js";
import { readBacklog } from "../spool/backlog.js";
import { freeBytes } from "../spool/disk.js";

const WAIT_MS = 5_000;

/** What an agent's own file names: who answers for it, where it reports to, and where it keeps its rows. */
export function serviceChecks(config: AgentConfig): Check[] {
  return [
    { name: "contact", look: async () => checkContact(config) },
    { name: "certificate", look: async () => checkCertificate(config) },
    {
      name: "coordinator",
      async look() {
        const { address } = config.coordinator;
        await reachCoordinator(address, config.identity, WAIT_MS);
        return `${address} answers and takes the certificate`;
      },
    },
    { name: "broker", look: () => checkBroker(config) },
    { name: "spool", look: () => checkSpool(config) },
    { name: "backlog", look: () => checkBacklog(config.spool.folder) },
  ];
}

function checkContact({ contact }: AgentConfig): string | { warning: string; remedy: string } {
  return contact === null
    ? {
        warning: "none: only the special-purpose prefixes that this agent's file opens can be probed",
        remedy: "set contact.email and contact.url before the first probe on the Internet",
      }
    : `${contact.email}, ${contact.url}`;
}

function checkCertificate({ identity }: AgentConfig): string {
  requireUnexpired(identity, Date.now());
  return `agent ${identity.name} of ${identity.vantage}, until ${new Date(identity.expiresMs).toISOString()}`;
}

async function checkBroker({ broker, identity }: AgentConfig): Promise<string> {
  try {
    const connection = await connectBroker(broker.url, () => identity);
    const version = connection.info?.version ?? "of unknown version";
    const hasStreams = connection.info?.jetstream === true;
    await connection.close();
    if (!hasStreams) {
      throw new UserError(`the broker at ${broker.url} has no JetStream`, {
        remedy: "set broker.url to the broker that the coordinator uses",
      });
    }
    return `${broker.url} answers (nats-server ${version})`;
  } catch (cause) {
    if (cause instanceof UserError) {
      throw cause;
    }
    throw new UserError(`the broker at ${broker.url} cannot be used (${errorMessage(cause)})`, {
      remedy: "check broker.url; if the certificate is old or revoked, enrol this machine again",
      cause,
    });
  }
}

async function checkSpool({ spool }: AgentConfig): Promise<string | { warning: string; remedy: string }> {
  const folder = await existing(spool.folder);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new UserError(`spool.folder: ${folder} cannot be written (${errorCode(cause)})`, {
      remedy: "let the agent's user write there, or name another folder",
      cause,
    });
  }
  const bytes = await freeBytes(folder);
  const free = `${mebibytes(bytes)} free, spool.maxBytes is ${mebibytes(spool.maxBytes)}`;
  return bytes < spool.maxBytes
    ? {
        warning: `${spool.folder}: ${free}`,
        remedy: "the disk would be full before the spool is; lower spool.maxBytes",
      }
    : `${spool.folder}: ${free}`;
}

/** Batches that are not in the tables yet. */
const OLD_MS = 900_000;

async function checkBacklog(folder: string): Promise<string | { warning: string; remedy: string }> {
  const { waiting, buried, damaged, oldestMs } = await readBacklog(folder);
  if (damaged > 0) {
    return {
      warning: `${damaged} damaged batches in ${folder}/bad`,
      remedy: "look into the disk; `parallax verify-ledger CAMPAIGN` says what is missing",
    };
  }
  if (buried > 0) {
    return {
      warning: `${buried} batches cannot be inserted and are kept here`,
      remedy: "see `parallax ingest dead list` at the coordinator",
    };
  }
  const ageMs = oldestMs === null ? 0 : Date.now() - oldestMs;
  const text = `${waiting} batches wait to be committed, the oldest for ${Math.round(ageMs / 1_000)} s`;
  return ageMs < OLD_MS
    ? text
    : { warning: text, remedy: "start the agent; if it runs, see the broker above and the coordinator's ingest" };
}

/** The folder, or the nearest one above it that is there. */
async function existing(folder: string): Promise<string> {
  try {
    await access(folder);
    return folder;
  } catch {
    const above = dirname(folder);
    return above === folder ? folder : existing(above);
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MiB`;
}
