import { describe, expect, it } from "@jest/globals";
import { checkCoverage } from "../../../deploy/bench/fleet/check.js";

const piece = (from: number, to: number, epoch: number) => ({ from, to, epoch });
const WHOLE = [piece(0, 40, 1), piece(40, 100, 2)];

describe("the check of a fleet's coverage", () => {
  it("finds nothing where every index was asked and sent once", () => {
    expect(checkCoverage({ size: 100, asked: WHOLE, uncertain: [], sent: WHOLE })).toEqual({
      gaps: 0,
      overlaps: 0,
      unsent: 0,
      repeated: 0,
      unrecorded: 0,
      uncertain: 0,
    });
  });

  it("counts what no lease asked, what two did, and what lies outside the source", () => {
    const asked = [piece(0, 40, 1), piece(30, 90, 2), piece(95, 103, 3)];

    expect(checkCoverage({ size: 100, asked, uncertain: [], sent: WHOLE })).toMatchObject({ gaps: 5, overlaps: 13 });
  });

  it("lets an index be sent twice only where the coverage says that it may have been", () => {
    const sent = [piece(0, 50, 1), piece(40, 99, 2)];

    expect(checkCoverage({ size: 100, asked: WHOLE, uncertain: [piece(44, 60, 1)], sent })).toMatchObject({
      unsent: 1,
      repeated: 10,
      unrecorded: 4,
      uncertain: 16,
    });
  });
});
