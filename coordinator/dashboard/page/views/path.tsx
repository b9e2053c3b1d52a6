import { useEffect, useRef, useState } from "preact/hooks";
import type { Variant } from "../../../../shared/probe/variant.js";
import {
  changeWords,
  HANDSHAKE_WORDS,
  HOST_WORDS,
  PLACEMENT_WORDS,
  VIEW_WORDS,
} from "../../../../shared/verdict/words.js";
import type { Explanation } from "../../../compare/document.js";
import type { Hop } from "../../../compare/evidence.js";
import { fingerprintWords } from "../../../dossier/words.js";
import type { HopEvidence } from "../../overview.js";
import { millis, moment } from "../format.js";
import { hexDump } from "../hex.js";
import { useDocument } from "../hooks.js";
import { Badge, Empty, Panel, Scroll, Show, Title } from "../parts/parts.js";
import { type PathCell, type PathRow, pathTable, tracedVariants } from "../path-table.js";
import { routeHash } from "../route.js";
import { HOST_TONES, MPTCP_TONES, PLACEMENT_TONES, VIEW_TONES } from "../tones.js";

/** Everything that is known of one target: the judgement, what it stands on, and the paths to it. */
export function Path({ campaign, target, port }: { campaign: string; target: string; port: number | null }) {
  const path = `/v1/campaigns/${encodeURIComponent(campaign)}/explain/${encodeURIComponent(target)}`;
  const explanations = useDocument<Explanation[]>(path);
  return (
    <>
      <Title about={`In campaign ${campaign}.`}>{`Paths to ${target}`}</Title>
      <Show of={explanations}>
        {(found) => {
          const shown = found.find((one) => one.port === port) ?? found[0];
          if (shown === undefined) return <Empty title="Nothing is known of this target" />;
          return (
            <>
              {found.length > 1 && (
                <nav class="tabs" aria-label="Ports">
                  {found.map((one) => (
                    <a
                      key={one.port}
                      href={routeHash("path", { campaign, target, port: one.port })}
                      {...(one.port === shown.port && { "aria-current": "page" as const })}
                    >
                      Port {one.port}
                    </a>
                  ))}
                </nav>
              )}
              <Judged explanation={shown} />
              <Traces key={shown.port} explanation={shown} />
            </>
          );
        }}
      </Show>
    </>
  );
}

function Judged({ explanation }: { explanation: Explanation }) {
  const { hostVerdict, hostRule, placement, placementRule, evidence, why } = explanation;
  const witnesses = [
    ...new Set([...why.host.witnesses, ...why.placement.witnesses].map(({ vantage, words }) => `${vantage} ${words}`)),
  ];
  return (
    <div class="two">
      <Panel title="Judgement">
        <p class="judgement">
          <Badge tone={HOST_TONES[hostVerdict]}>{hostVerdict}</Badge> It {HOST_WORDS[hostVerdict]}{" "}
          <span class="note">rule {hostRule}</span>
        </p>
        <p class="judgement">
          <Badge tone={PLACEMENT_TONES[placement]}>{placement}</Badge> {capital(PLACEMENT_WORDS[placement])}{" "}
          <span class="note">rule {placementRule}</span>
        </p>
        <ul class="witnesses">
          {witnesses.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </Panel>
      <Panel title="Vantage points">
        <ul class="views">
          {evidence.map(({ vantage, verdict, handshakes }) => (
            <li key={vantage}>
              <b>{vantage}</b> <Badge tone={VIEW_TONES[verdict]}>{verdict}</Badge>{" "}
              <span class="words">{VIEW_WORDS[verdict]}</span>
              {handshakes.map((one) => (
                <span class="words" key={one.variant}>
                  Handshake {one.variant}: {HANDSHAKE_WORDS[one.verdict]}
                </span>
              ))}
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Traces({ explanation }: { explanation: Explanation }) {
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
      <Scroll label="Hops by vantage point">
        <table class="path">
          <caption class="unseen">Hops of the paths; vantage points are rows</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              {rows[0]?.cells.map(({ ttl }) => (
                <th scope="col" key={ttl}>
                  {ttl}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
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
          </tbody>
        </table>
      </Scroll>
      <PathLegend />
      <Changes rows={rows} />
      {opened !== null && (
        <Bytes
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

interface BytesProps {
  readonly explanation: Explanation;
  readonly variant: Variant;
  readonly vantage: string;
  readonly hop: Hop;
  readonly onClose: () => void;
}

/** The bytes of one hop, over the page. */
function Bytes({ explanation: { campaign, target, port }, variant, vantage, hop, onClose }: BytesProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const path = `/v1/campaigns/${encodeURIComponent(campaign)}/hops/${encodeURIComponent(target)}?port=${port}`;
  const hops = useDocument<HopEvidence[]>(path);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="bytes-title">
      <div class="panel-head">
        <h2 id="bytes-title">
          Hop {hop.ttl} from {vantage}
        </h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <dl class="facts-list">
        <dt>Address</dt>
        <dd>
          <code>{hop.responder}</code>
        </dd>
        <dt>Answer</dt>
        <dd>{hop.kind}</dd>
        <dt>Round trip</dt>
        <dd>{millis(hop.rttUs)}</dd>
        <dt>TTL of the answer</dt>
        <dd>{hop.replyTtl}</dd>
        <dt>Shows changed</dt>
        <dd>{hop.changes.length === 0 ? "nothing" : hop.changes.map(changeWords).join("; ")}</dd>
        {hop.unobservable.length > 0 && (
          <>
            <dt>Too short to show</dt>
            <dd>{hop.unobservable.join(", ")}</dd>
          </>
        )}
        {hop.icmpExtensions.length > 0 && (
          <>
            <dt>Tells besides</dt>
            <dd>{hop.icmpExtensions.join("; ")}</dd>
          </>
        )}
      </dl>
      <Show of={hops}>
        {(all) => {
          const found = all.find((one) => one.vantage === vantage && one.variant === variant && one.ttl === hop.ttl);
          const bytes = found === undefined ? "" : found.quote || found.options;
          if (found === undefined || bytes === "") return <p>It came without bytes to show.</p>;
          return (
            <>
              <h3>
                {found.quote === "" ? "TCP options of the answer" : "Packet that it quotes"}{" "}
                <span class="note">
                  {bytes.length / 2} bytes, {moment(found.receivedAtMs)}
                </span>
              </h3>
              <Scroll label="Bytes">
                <pre>{hexDump(bytes)}</pre>
              </Scroll>
            </>
          );
        }}
      </Show>
    </dialog>
  );
}
