import { describe, expect, it } from "@jest/globals";
import { ApiError, answerTo, asApiError } from "../../../coordinator/dashboard/page/answer.js";

const failed = (request: () => Promise<Response>, signal?: AbortSignal): Promise<unknown> =>
  answerTo(request, signal).then(
    () => null,
    (error: unknown) => error,
  );

describe("an answer of the coordinator", () => {
  it("is handed on when it is what was asked for", async () => {
    const answer = new Response("[]");
    expect(await answerTo(async () => answer)).toBe(answer);
  });

  it.each([
    ['{"error":"there is no campaign \\"x\\"","remedy":"see the list"}', 'there is no campaign "x"', "see the list"],
    ['{"error":"no token"}', "no token", ""],
    ['{"error":"no token","remedy":7}', "no token", ""],
    ["Code: 47. DB::Exception: Unknown expression\n", "Code: 47. DB::Exception: Unknown expression", ""],
    ['{"message":"of another kind"}', '{"message":"of another kind"}', ""],
    ["  \n", "the coordinator gave no reason", ""],
  ])("that is a refusal becomes an error with its own words: %s", async (body, message, remedy) => {
    const error = await failed(async () => new Response(body, { status: 409 }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, message, remedy });
  });

  it("that does not come is an error with a remedy, and no status", async () => {
    const error = await failed(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(error).toMatchObject({ status: 0, message: "the coordinator does not answer" });
    expect((error as ApiError).remedy).toContain("parallax up");
  });

  it("that nobody waits for any more is no error of the coordinator's", async () => {
    const abort = new AbortController();
    abort.abort();
    const cause = new DOMException("aborted", "AbortError");
    expect(await failed(() => Promise.reject(cause), abort.signal)).toBe(cause);
  });
});

it("whatever is thrown can be shown", () => {
  const error = new ApiError(401, "no token", "paste it");
  expect(asApiError(error)).toBe(error);
  expect(asApiError(new SyntaxError("not JSON"))).toMatchObject({ status: 0, message: "SyntaxError: not JSON" });
});
