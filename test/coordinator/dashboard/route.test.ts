import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseRoute, routeHash, tokenIn, VIEWS, type ViewName } from "../../../coordinator/dashboard/page/route.js";

const NAMES = [...Object.keys(VIEWS), "path"] as ViewName[];

describe("the address of a view", () => {
  it("says what was put into it, whatever that is", () => {
    const parameters = fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.string({ minLength: 1, unit: "binary" }));
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), parameters, (view, given) => {
        const { view: found, parameters: read } = parseRoute(routeHash(view, given));
        expect(found).toBe(view);
        expect(Object.entries(read)).toEqual(Object.entries(given));
      }),
    );
  });

  it("leaves out what is empty or null", () => {
    expect(routeHash("path", { target: "2001:db8::1", port: 443, campaign: null, vantage: "" })).toBe(
      "#/path?target=2001%3Adb8%3A%3A1&port=443",
    );
    expect(routeHash("matrix", { campaign: null })).toBe("#/matrix");
  });

  it.each(["", "#", "#/", "#/nowhere", "#/constructor", "#/live/more", "#/Live", "live", "#/toString?x=1"])(
    "is that of the first view where it is not understood: %s",
    (hash) => {
      expect(parseRoute(hash)).toEqual({ view: "live", parameters: {} });
    },
  );
});

describe("the token in an address", () => {
  it("is what `parallax up` printed, and nothing else is taken for one", () => {
    expect(tokenIn("#token=Ab-9_z")).toBe("Ab-9_z");
    for (const hash of ["", "#/live", "#token=", "#token=a b", "#token=a&x=1", "#/matrix?token=abc", "token=abc"]) {
      expect([hash, tokenIn(hash)]).toEqual([hash, null]);
    }
  });
});
