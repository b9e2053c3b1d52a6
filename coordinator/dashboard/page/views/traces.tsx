import { useState } from "preact/hooks";
import type { Variant } from "../../../../shared/probe/variant.js";
import { changeWords } from "../../../../shared/verdict/words.js";
import type { Explanation } from "../../../compare/document.js";
import type { Hop } from "../../../compare/evidence.js";
import { fingerprintWords } from "../../../dossier/words.js";
import { millis } from "../format.js";
import { Empty, Panel } from "../parts/parts.js";
import { Table } from "../parts/table.js";
import { type PathCell, type PathRow, pathTable, tracedVariants } from "../path-table.js";
import { MPTCP_TONES } from "../tones.js";
import { HopBytes } from "./hop-bytes.js";

/** The paths to a target with one variant, and the bytes of a hop that is opened. */
export function Traces({ explanation }: { explanation: Explanation }) {
  const variants = tracedVariants(explanation);
  const [chosen, setChosen] = useState<Variant | null>(null);
  const [opened, setOpened] = useState<{ vantage: string; hop: Hop } | null>(null);
  const withChange = variants.find((variant) => explanation.changes.some((change) => change.variant === variant));
  const variant = chosen ?? withChange ?? variants[0];
  if (variant === undefined) {
    return (
      <Panel title="Paths">
        <Empty title="No trace was made to this target">
          Traces go to the targets that the campaign's file names under tracebox.
        </Empty>
      </Panel>
    );
  }
  const rows = pathTable(explanation, variant);
  return (
    <Panel title="Paths" note="hops from left to right; a hop opens its bytes">
      <fieldset class="choice">
        <legend>SYN with</legend>
        {variants.map((one) => (
          <label key={one}>
            <input type="radio" name="variant" checked={one === variant} onChange={() => setChosen(one)} />
            {VARIANT_WORDS[one]}
          </label>
        ))}
      </fieldset>
      <Table
        class="path"
        label="Hops of the paths; vantage points are rows"
        columns={["From", ...(rows[0]?.cells ?? []).map(({ ttl }) => `${ttl}`)]}
      >
        {rows.map((row) => (
          <tr key={row.vantage}>
            <th scope="row" class={row.startsInterval ? "starts" : ""}>
              {row.vantage}
            </th>
            {row.cells.map((cell) => (
              <HopCell
                key={cell.ttl}
                cell={cell}
                row={row}
                onOpen={(hop) => setOpened({ vantage: row.vantage, hop })}
              />
            ))}
          </tr>
        ))}
      </Table>
      <PathLegend />
      <Changes rows={rows} />
      {opened !== null && (
        <HopBytes
          explanation={explanation}
          variant={variant}
          vantage={opened.vantage}
          hop={opened.hop}
          onClose={() => setOpened(null)}
        />
      )}
    </Panel>
  );
}

const VARIANT_WORDS: Readonly<Record<Variant, string>> = {
  v0: "MPTCP v0",
  v1: "MPTCP v1",
  plain: "no option",
  "unknown-option": "an unknown option",
};

const PART_WORDS = { clean: "last clean hop", within: "the box may be here", changed: "first changed hop" } as const;

function HopCell({
  cell: { ttl, hop, part, isBehind },
  row,
  onOpen,
}: {
  cell: PathCell;
  row: PathRow;
  onOpen: (hop: Hop) => void;
}) {
  const classes = `hop ${part ?? ""}${isBehind ? " behind" : ""}`;
  if (hop === null) {
    return (
      <td class={classes}>
        <span class="silent">{isBehind ? "" : "silent"}</span>
        {part !== null && <span class="part">{PART_WORDS[part]}</span>}
      </td>
    );
  }
  const isTarget = hop.kind === "synack" || hop.kind === "rst";
  return (
    <td class={classes}>
      <button type="button" class="hop-button" onClick={() => onOpen(hop)}>
        <span class="unseen">{`${row.vantage}, hop ${ttl}: `}</span>
        <span class="address">{isTarget ? "target" : hop.responder}</span>
        <span class="facts">
          {isTarget ? (
            <span class="tag plain">{hop.verdict === "" ? hop.kind : hop.verdict}</span>
          ) : (
            <span class={`tag ${MPTCP_TONES[hop.mptcp]}`}>{hop.mptcp}</span>
          )}
          <span class="rtt">{millis(hop.rttUs)}</span>
        </span>
        {part !== null && <span class="part">{PART_WORDS[part]}</span>}
      </button>
    </td>
  );
}

function PathLegend() {
  return (
    <ul class="legend">
      <li>
        <span class="swatch clean" /> last clean hop
      </li>
      <li>
        <span class="swatch within" /> says neither: the box may be here
      </li>
      <li>
        <span class="swatch changed" /> first changed hop
      </li>
    </ul>
  );
}

function Changes({ rows }: { rows: readonly PathRow[] }) {
  const changes = rows.flatMap((row) => row.changes);
  if (changes.length === 0) return <p class="remark">No change on these paths.</p>;
  return (
    <ul class="changes">
      {changes.map((change) => (
        <li key={`${change.vantage} ${change.condition} ${change.beforeTtl}`}>
          <b>{change.vantage}</b>: {changeWords(change.condition)}, between{" "}
          {change.after === null ? "the vantage point" : <code>{change.after}</code>} and <code>{change.before}</code>{" "}
          <span class="note">
            confidence {change.confidence.toFixed(2)}
            {change.fingerprints.length > 0 && `; looks like ${change.fingerprints.map(fingerprintWords).join("; ")}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
