import type { KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { UserError } from "../../shared/errors.js";
import { type CampaignRecord, isOver } from "../campaign/record.js";
import type { Fleet } from "../session/fleet.js";
import { type CertificateStore, makeCertificate } from "./make.js";

export interface CertificateDesk {
  /** The text of a campaign's certificate, made once. Rejects with UserError while it is not over. */
  textOf(record: CampaignRecord, isSettled: boolean): Promise<string>;
  /** A campaign is over, and the store knows everything of it. */
  settled(record: CampaignRecord): void;
}

export interface CertificateDeskOptions {
  /** A folder of its own. */
  readonly folder: string;
  readonly key: KeyObject;
  readonly store: CertificateStore;
  readonly fleet: Fleet;
  readonly log: Logger;
}

export function createCertificateDesk({ folder, key, store, fleet, log }: CertificateDeskOptions): CertificateDesk {
  mkdirSync(folder, { recursive: true });
  const fileOf = (record: CampaignRecord): string => join(folder, `${record.id}.json`);

  const make = async (record: CampaignRecord): Promise<string> => {
    const agentVersions = new Map(fleet.list().map(({ agent, version }) => [agent, version]));
    const certificate = await makeCertificate({ record, store, agentVersions, key });
    const text = `${JSON.stringify(certificate, null, 1)}\n`;
    writeFileSync(`${fileOf(record)}.new`, text);
    renameSync(`${fileOf(record)}.new`, fileOf(record));
    return text;
  };
  return {
    async textOf(record, isSettled) {
      if (existsSync(fileOf(record))) return readFileSync(fileOf(record), "utf8");
      if (isOver(record) && isSettled) return make(record);
      throw new UserError(
        `campaign ${record.id} is ${record.state}${isOver(record) ? ", and not all is stored yet" : ""}`,
        {
          remedy: `wait for its end with \`parallax campaign watch ${record.id}\``,
        },
      );
    },
    settled(record) {
      if (existsSync(fileOf(record))) return;
      make(record).catch((error: unknown) => {
        log.warn({ campaign: record.id, err: error }, "certificate not made yet: it is made when it is asked for");
      });
    },
  };
}
