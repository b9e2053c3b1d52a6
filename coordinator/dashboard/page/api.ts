import { answerTo } from "./answer.js";
import { type QueryResult, RESULT_FORMAT, readResult } from "./result.js";
import { tokenIn } from "./route.js";

const KEY = "parallax.token";

/** Takes the token out of the address, so that neither history nor a bookmark keeps it. It lives as long as the tab. */
export function takeToken(): void {
  const token = tokenIn(location.hash);
  if (token === null) return;
  sessionStorage.setItem(KEY, token);
  history.replaceState(null, "", "#/live");
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** A document of the API. @throws ApiError */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, signal === undefined ? {} : { signal });
  return (await answer.json()) as T;
}

/** A statement that reads, on the tables. @throws ApiError with ClickHouse's own words */
export async function query(sql: string, signal: AbortSignal): Promise<QueryResult & { readonly elapsedMs: number }> {
  const begun = performance.now();
  const path = `/v1/warehouse?default_format=${RESULT_FORMAT}&output_format_json_quote_64bit_integers=1`;
  const result = await readResult(await ask(path, { method: "POST", body: sql, signal }));
  return { ...result, elapsedMs: performance.now() - begun };
}

function ask(path: string, request: Omit<RequestInit, "headers">): Promise<Response> {
  const token = sessionStorage.getItem(KEY);
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  return answerTo(() => fetch(path, { ...request, headers }), request.signal ?? undefined);
}
