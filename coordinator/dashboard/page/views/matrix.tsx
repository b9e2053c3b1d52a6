import { useMemo, useState } from "preact/hooks";
import type { ViewVerdict } from "../../../../shared/verdict/names.js";
import { HOST_WORDS, PLACEMENT_WORDS, VIEW_WORDS } from "../../../../shared/verdict/words.js";
import type { Comparison, TargetSummary } from "../../../compare/document.js";
import { whole } from "../format.js";
import { useDocument } from "../hooks.js";
import { keyOf, matrixRows, sumBy } from "../matrix-rows.js";
import { Badge, Empty, Panel, ShareBar, Show, Title } from "../parts/parts.js";
import { type Column, numbers, Table } from "../parts/table.js";
import { routeHash } from "../route.js";
import { HOST_TONES, PLACEMENT_TONES, type Tone, VIEW_SHORT, VIEW_TONES } from "../tones.js";

/** Rows that are asked for at first, and when more are wanted. */
const FEW = 200;
const MANY = 2_000;

/** Targets by vantage points, those that are not seen alike on top. */
export function Matrix({ campaign }: { campaign: string }) {
  const [limit, setLimit] = useState(FEW);
  const [isAll, setAll] = useState(false);
  const base = `/v1/campaigns/${encodeURIComponent(campaign)}/compare?limit=${limit}`;
  const comparison = useDocument<Comparison>(base);
  const everything = useDocument<Comparison>(isAll ? `${base}&everything=true` : null);
  return (
    <>
      <Title about="What each vantage point says of each target; where they differ, or a box was found, on top.">
        Matrix
      </Title>
      <Show of={comparison}>
        {(found) => (
          <>
            <Summary comparison={found} />
            <Targets
              comparison={found}
              others={everything.state === "ready" ? everything.value.disagreements : []}
              isAll={isAll}
              onAll={setAll}
              {...(found.disagreements.length === limit && limit < MANY && { onMore: () => setLimit(MANY) })}
            />
          </>
        )}
      </Show>
    </>
  );
}

function Summary({ comparison: { classes, targets, verdicts, vantages } }: { comparison: Comparison }) {
  const hosts = sumBy(classes, ({ hostVerdict }) => hostVerdict);
  return (
    <div class="two">
      <Panel title="Hosts" note={`${whole(targets)} targets that answered`}>
        <Counts
          rows={[...hosts].map(([host, n]) => ({ key: host, tone: HOST_TONES[host], n, words: HOST_WORDS[host] }))}
          of={targets}
        />
      </Panel>
      <Panel title="Vantage points" note="share of their targets, by what they say">
        <ul class="bars">
          {vantages.map((vantage) => {
            const own = verdicts.filter((count) => count.vantage === vantage);
            const all = own.reduce((sum, count) => sum + count.targets, 0);
            const tones = sumBy(own, ({ verdict }) => VIEW_TONES[verdict]);
            const told = [...sumBy(own, ({ verdict }) => verdict)]
              .map(([verdict, n]) => `${whole(n)} ${verdict}`)
              .join(", ");
            return (
              <li key={vantage}>
                <span class="bar-name">{vantage}</span>
                <ShareBar
                  label={`${vantage}: ${told}`}
                  parts={[...tones].map(([tone, n]) => ({ tone, share: n / all }))}
                />
                <span class="n">{whole(all)}</span>
              </li>
            );
          })}
        </ul>
        <Legend />
      </Panel>
    </div>
  );
}

function Legend() {
  const kinds: readonly (readonly [Tone, string])[] = [
    ["good", "MPTCP"],
    ["plain", "plain TCP"],
    ["warn", "echoed"],
    ["bad", "blocked, malformed"],
    ["quiet", "no answer"],
  ];
  return (
    <ul class="legend">
      {kinds.map(([tone, words]) => (
        <li key={tone}>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect class={`fill-${tone}`} width="10" height="10" rx="2" />
          </svg>
          {words}
        </li>
      ))}
    </ul>
  );
}

function Counts({ rows, of }: { rows: readonly { key: string; tone: Tone; n: number; words: string }[]; of: number }) {
  return (
    <ul class="counts">
      {rows.map(({ key, tone, n, words }) => (
        <li key={key}>
          <span class="n">{whole(n)}</span>
          <Badge tone={tone}>{key}</Badge>
          <span class="words">{words}</span>
          <ShareBar label={`${key}: ${whole(n)} of ${whole(of)}`} parts={[{ tone, share: of === 0 ? 0 : n / of }]} />
        </li>
      ))}
    </ul>
  );
}

interface TargetsProps {
  readonly comparison: Comparison;
  readonly others: readonly TargetSummary[];
  readonly isAll: boolean;
  readonly onAll: (all: boolean) => void;
  readonly onMore?: () => void;
}

function Targets({ comparison, others, isAll, onAll, onMore }: TargetsProps) {
  const [wanted, setWanted] = useState("");
  const { vantages, campaign, disagreements } = comparison;
  const shown = useMemo(() => matrixRows(disagreements, others, wanted), [disagreements, others, wanted]);
  const isEmpty = disagreements.length + others.length === 0;
  const columns: readonly Column[] = [
    ...["Target", ...numbers("Port"), "Host", "Where the box is"],
    ...vantages.map((name): Column => ({ name, kind: "cell" })),
  ];
  return (
    <Panel title="Targets" note={`${whole(shown.length)} shown`}>
      <div class="controls">
        <label>
          Address begins with
          <input
            type="search"
            value={wanted}
            onInput={({ currentTarget }) => setWanted(currentTarget.value)}
            spellcheck={false}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={isAll} onChange={({ currentTarget }) => onAll(currentTarget.checked)} />
          also those that all see alike
        </label>
      </div>
      {shown.length === 0 ? (
        <Empty title={isEmpty ? "All vantage points see all targets alike" : "No target begins like this"}>
          {isEmpty && "And no trace shows a box. Tick the box above to see the targets."}
        </Empty>
      ) : (
        <Table
          class="matrix"
          label="What each vantage point says of each target; targets lead to their paths"
          columns={columns}
        >
          {shown.map((target) => (
            <tr key={keyOf(target)}>
              <th scope="row">
                <a href={routeHash("path", { campaign, target: target.target, port: target.port })}>{target.target}</a>
              </th>
              <td class="n">{target.port}</td>
              <td>
                <Badge tone={HOST_TONES[target.hostVerdict]} title={HOST_WORDS[target.hostVerdict]}>
                  {target.hostVerdict}
                </Badge>
              </td>
              <td>
                <Badge tone={PLACEMENT_TONES[target.placement]} title={PLACEMENT_WORDS[target.placement]}>
                  {target.placement}
                </Badge>
              </td>
              {vantages.map((vantage) => (
                <Cell key={vantage} verdict={target.views[vantage]} />
              ))}
            </tr>
          ))}
        </Table>
      )}
      {onMore !== undefined && (
        <button type="button" onClick={onMore}>
          Show more
        </button>
      )}
    </Panel>
  );
}

function Cell({ verdict }: { verdict: ViewVerdict | undefined }) {
  if (verdict === undefined) return <td class="cell none">–</td>;
  return (
    <td class={`cell ${VIEW_TONES[verdict]}`} title={VIEW_WORDS[verdict]}>
      {VIEW_SHORT[verdict]}
    </td>
  );
}
