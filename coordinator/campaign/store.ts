import type { Target } from "../../shared/target/source.js";
import type { HostVerdict, ViewVerdict } from "../../shared/verdict/names.js";
import type { CoverageInterval } from "../lease/state.js";
import type { CampaignRecord, SourceRecord } from "./record.js";
import type { Share } from "./spec.js";

export interface CoverageRow extends CoverageInterval {
  /** Target source's id. */
  readonly source: string;
}

/** Targets side by side: the n-th has the n-th index and port, and the 16 bytes from 16 n on. */
export interface TargetChunk {
  readonly indices: Float64Array;
  readonly addresses: Uint8Array;
  readonly ports: Uint16Array;
}

/** A frozen list's name and how many targets it has. */
export interface ListSize {
  readonly source: string;
  readonly size: number;
  /** As `SourceRecord.rounds`; none where there are no rounds. */
  readonly rounds?: readonly number[];
}

export interface RecheckRequest {
  /** Lists to fill; those of one vantage point hold the targets that another one asked. `size` is still 0. */
  readonly sources: readonly SourceRecord[];
  /** Targets whose pair verdict is one of these ... */
  readonly verdicts: readonly ViewVerdict[];
  /** ... and this share of the rest, chosen by a keyed hash of the target; null for none. */
  readonly sample: Share | null;
}

export interface LookRequest {
  /** Lists to fill, one for each vantage point, family and port group. `size` is still 0. */
  readonly sources: readonly SourceRecord[];
  /** Targets to which any vantage point gave one of these. */
  readonly verdicts: readonly ViewVerdict[];
}

export interface TimingRequest {
  /** Lists to fill, one for each vantage point, family and port. `size` is still 0. */
  readonly sources: readonly SourceRecord[];
  /** Targets that are judged one of these, by all evidence so far. */
  readonly verdicts: readonly HostVerdict[];
}

/**
 * What the campaigns need of the data base. Every method may be called again with the same arguments after a failure
 * or a crash, and must then leave what one call would have left. A rejection is tried again with growing delays.
 */
export interface CampaignStore {
  /** Inserts or replaces the row of a campaign. */
  saveCampaign(record: CampaignRecord): Promise<void>;
  /** Replaces a frozen list; the targets come in any order. */
  saveTargetList(campaign: string, list: string, chunks: AsyncIterable<TargetChunk>): Promise<void>;
  /** Key: campaign, source, kind, epoch, from. */
  saveCoverage(campaign: string, rows: readonly CoverageRow[]): Promise<void>;
  /** Chooses and freezes; resolves with a size for each source, 0 where nothing was chosen. */
  freezeRecheckList(campaign: CampaignRecord, request: RecheckRequest): Promise<readonly ListSize[]>;
  /**
   * Each vantage point gets the chosen targets that it has asked itself. All lists go round the hosts in one order, each
   * from a start of its own, so that vantage points seldom speak with one host at the same time.
   */
  freezeVerifyList(campaign: CampaignRecord, request: LookRequest): Promise<readonly ListSize[]>;
  /** Each vantage point gets all chosen targets. */
  freezeTraceList(campaign: CampaignRecord, request: LookRequest): Promise<readonly ListSize[]>;
  /**
   * Each vantage point gets all chosen targets, in as many rounds as there are lists of a family. In a round no host is in
   * two lists, and in none twice.
   */
  freezeTimingList(campaign: CampaignRecord, request: TimingRequest): Promise<readonly ListSize[]>;
  /** Targets of indices `[from, to)` of a frozen list, in order. */
  listTargets(campaign: string, list: string, from: number, to: number): Promise<readonly Target[]>;
  /** Makes, or makes again, the rollup that comparisons read. */
  buildComparison(campaign: CampaignRecord): Promise<void>;
}
