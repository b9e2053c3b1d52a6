import type { MptcpState } from "../../shared/timing/names.js";
import type { MptcpInfo } from "./mptcp-info.js";

/** What MPTCP came to on a connection, over its life. */
export interface MptcpWatch {
  /** To be called while the connection is there, as often as something has happened. */
  look(): void;
  readonly state: MptcpState;
  readonly subflows: number;
}

export function createMptcpWatch(read: () => MptcpInfo | null): MptcpWatch {
  let state: MptcpState = "";
  let subflows = 0;
  return {
    look() {
      const info = read();
      if (info === null) return;
      const fellBackLater = info.state === "fell-back" && (state === "negotiated" || state === "fell-back-later");
      state = fellBackLater ? "fell-back-later" : info.state;
      subflows = info.subflows;
    },
    get state() {
      return state;
    },
    get subflows() {
      return subflows;
    },
  };
}
