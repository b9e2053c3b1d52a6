/** What the coordinator answered instead of what was asked for. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Of HTTP; 0 where nobody answered. */
  readonly status: number;
  readonly remedy: string;

  constructor(status: number, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.remedy = remedy;
  }
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, String(error), "reload the page");
}

/** What `request` resolves with when it is what was asked for. @throws ApiError; what `signal` ended is rejected as it is */
export async function answerTo(request: () => Promise<Response>, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await request();
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new ApiError(0, "the coordinator does not answer", "see whether `parallax up` still runs");
  }
  if (answer.ok) return answer;
  const { error, remedy } = parseError(await answer.text());
  throw new ApiError(answer.status, error, remedy);
}

/** An error of the API is a document, one of ClickHouse's a line of text. */
function parseError(text: string): { error: string; remedy: string } {
  try {
    const { error, remedy } = JSON.parse(text) as { error?: unknown; remedy?: unknown };
    if (typeof error === "string") return { error, remedy: typeof remedy === "string" ? remedy : "" };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return { error: text.trim() || "the coordinator gave no reason", remedy: "" };
}
