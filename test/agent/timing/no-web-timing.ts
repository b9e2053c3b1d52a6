import type { WebTimingParts } from "../../../agent/lease/probing.js";

/** For networks in tests where no page is fetched. */
export const NO_WEB_TIMING: WebTimingParts = {
  prepare: () => undefined,
  visit: () => Promise.reject(new Error("nothing is timed here")),
};
