import { describe, expect, it } from "@jest/globals";
import { ApiError } from "../../../coordinator/dashboard/page/answer.js";
import { attempt, type Loaded, renewed } from "../../../coordinator/dashboard/page/loaded.js";

const problem = new ApiError(0, "the coordinator does not answer", "");
const LOADING: Loaded<string> = { state: "loading" };
const FAILED: Loaded<string> = { state: "failed", problem };
const OLD: Loaded<string> = { state: "ready", value: "old", problem: null };
const NEW: Loaded<string> = { state: "ready", value: "new", problem: null };

describe("a document of the page", () => {
  it("is what an attempt came to, which never throws", async () => {
    expect(await attempt(Promise.resolve("new"))).toEqual(NEW);
    expect(await attempt(Promise.reject(problem))).toEqual(FAILED);
    expect(await attempt(Promise.reject(new SyntaxError("cut off")))).toMatchObject({ state: "failed" });
  });

  it.each([
    ["loading", LOADING, FAILED, FAILED],
    ["loading", LOADING, NEW, NEW],
    ["failed", FAILED, NEW, NEW],
    ["ready", OLD, NEW, NEW],
    ["ready", OLD, FAILED, { ...OLD, problem }],
    ["ready with a problem", { ...OLD, problem }, NEW, NEW],
  ])("stays to be seen when it was %s and an attempt fails, and gives way to a newer one", (_, last, fresh, shown) => {
    expect(renewed(last, fresh)).toEqual(shown);
  });
});
