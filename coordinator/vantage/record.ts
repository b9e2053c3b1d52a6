import type { SelfTest } from "../../shared/selftest/self-test.js";

/** A self-test, and whose it is. */
export interface VantageRecord {
  readonly vantage: string;
  readonly agent: string;
  readonly instance: string;
  readonly version: string;
  readonly report: SelfTest;
}

/** What an agent's own doorstep did to its SYNs on the way to its reference, as a note beside what others do. */
export interface Doorstep {
  readonly vantage: string;
  readonly agent: string;
  readonly reference: string;
  /** Conditions of options, sorted. */
  readonly changes: readonly string[];
  /** Unix milliseconds. */
  readonly testedAtMs: number;
}

/** What self-tests need of the data base. */
export interface VantageStore {
  /** Key: vantage point, agent, time of the test and process life. */
  saveVantages(records: readonly VantageRecord[]): Promise<void>;
}
