import { useRef, useState } from "preact/hooks";
import { type ApiError, asApiError } from "../answer.js";
import { query } from "../api.js";
import { EXAMPLES } from "../examples.js";
import { plural, whole } from "../format.js";
import { Empty, Panel, Problem, Title } from "../parts/parts.js";
import { type Column, Table } from "../parts/table.js";
import type { QueryResult } from "../result.js";

/** Rows that the page shows. */
const MOST_ROWS = 1_000;

/** One statement that reads, on the tables. */
export function Sql({ campaign }: { campaign: string | null }) {
  const [sql, setSql] = useState("SELECT address, port, host_verdict, placement FROM disagreements LIMIT 20");
  const [result, setResult] = useState<(QueryResult & { readonly elapsedMs: number }) | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const running = useRef<AbortController | null>(null);
  const [isRunning, setRunning] = useState(false);

  const run = async (): Promise<void> => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setRunning(true);
    setProblem(null);
    try {
      setResult(await query(sql, abort.signal));
    } catch (error) {
      if (!abort.signal.aborted) setProblem(asApiError(error));
    } finally {
      if (running.current === abort) setRunning(false);
    }
  };

  return (
    <>
      <Title about="Statements that read, on all tables; whoever looks at this page cannot write with it.">SQL</Title>
      <Panel title="Statement" note="Ctrl-Enter runs it">
        <div class="controls">
          <label>
            Example
            <select
              onChange={({ currentTarget }) => {
                const example = EXAMPLES.find(({ title }) => title === currentTarget.value);
                if (example !== undefined) setSql(example.sql.replaceAll("CAMPAIGN", campaign ?? "CAMPAIGN"));
              }}
            >
              <option value="">choose one …</option>
              {EXAMPLES.map(({ title }) => (
                <option key={title} value={title}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label class="block" for="statement">
          SQL of ClickHouse
        </label>
        <textarea
          id="statement"
          rows={8}
          spellcheck={false}
          value={sql}
          onInput={({ currentTarget }) => setSql(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
          }}
        />
        <div class="controls">
          <button type="button" class="main" onClick={() => void run()}>
            Run
          </button>
          {isRunning && (
            <button type="button" onClick={() => running.current?.abort()}>
              Stop
            </button>
          )}
          <span class="note" role="status">
            {isRunning
              ? "running …"
              : result !== null && `${plural(result.rows.length, "row")} in ${whole(result.elapsedMs)} ms`}
          </span>
        </div>
        {problem !== null && <Problem problem={problem} />}
      </Panel>
      {result !== null && <Result result={result} />}
    </>
  );
}

function Result({ result: { columns, rows } }: { result: QueryResult }) {
  if (rows.length === 0) return <Empty title="No rows" />;
  const isNumber = columns.map(({ type }) => /^(Nullable\()?(U?Int|Float|Decimal)/.test(type));
  const shown = columns.map(
    ({ name, type }, i): Column => ({ name, about: type, ...(isNumber[i] === true && { kind: "n" }) }),
  );
  return (
    <Panel
      title="Result"
      note={rows.length > MOST_ROWS ? `the first ${whole(MOST_ROWS)} of ${whole(rows.length)}` : undefined}
    >
      <Table class="result" label="Result" columns={shown}>
        {rows.slice(0, MOST_ROWS).map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j} class={isNumber[j] === true ? "n" : ""}>
                {cellText(cell)}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function cellText(cell: unknown): string {
  if (cell === null) return "NULL";
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}
