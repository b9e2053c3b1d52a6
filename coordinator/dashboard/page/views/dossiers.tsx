import type { ComponentChildren } from "preact";
import { changeWords } from "../../../../shared/verdict/words.js";
import type { Dossier, Dossiers } from "../../../dossier/document.js";
import {
  distanceWords,
  fingerprintWords,
  networkWords,
  placeWords,
  portLines,
  quoteWords,
  scanWords,
} from "../../../dossier/words.js";
import { moment, plural, whole } from "../format.js";
import { useDocument } from "../hooks.js";
import { Empty, Show, Title } from "../parts/parts.js";
import { routeHash } from "../route.js";

/** The boxes of a campaign, a card each. */
export function DossierCards({ campaign }: { campaign: string }) {
  const dossiers = useDocument<Dossiers>(`/v1/campaigns/${encodeURIComponent(campaign)}/dossiers`);
  return (
    <>
      <Title about="Paths that share a box, under the hop at which most of them meet.">Middlebox dossiers</Title>
      <Show of={dossiers}>
        {(found) =>
          found.dossiers.length === 0 ? (
            <Empty title="No trace shows a box">
              In this campaign no path was traced on which a field changes; rewritten DSCP and ECN are not counted.
            </Empty>
          ) : (
            <>
              <p class="remark">
                {plural(found.boxes, "box", "boxes")}
                {found.boxes > found.dossiers.length &&
                  `, of which the ${found.dossiers.length} with most paths are here`}
                . Networks and places: {found.knowledge.join("; ")}.
              </p>
              <div class="cards">
                {found.dossiers.map((dossier) => (
                  <Card
                    key={`${dossier.place} ${dossier.address} ${dossier.before.join()}`}
                    dossier={dossier}
                    document={found}
                  />
                ))}
              </div>
            </>
          )
        }
      </Show>
    </>
  );
}

function Card({ dossier, document: { campaign, vantages } }: { dossier: Dossier; document: Dossiers }) {
  const { address, behaviour, fingerprints, segmentSizes, seenFrom, paths, targets, examples, confidence } = dossier;
  return (
    <article class="panel card">
      <h2>
        {address === null ? `Doorstep of ${seenFrom.map(({ vantage }) => vantage).join(", ")}` : <code>{address}</code>}
      </h2>
      <p class="note">{placeWords(dossier)}</p>
      <ul class="behaviour">
        {behaviour.map((one) => (
          <li key={one.condition}>
            <span class="n">{whole(one.paths)}</span> {changeWords(one.condition)}
          </li>
        ))}
      </ul>
      <dl class="facts-list">
        {fingerprints.length > 0 && <Fact name="Looks like">{fingerprints.map(fingerprintWords).join("; ")}</Fact>}
        {segmentSizes.length > 0 && <Fact name="Segment size">{segmentSizes.join(", ")}</Fact>}
        <Fact name="Network">{networkWords(dossier)}</Fact>
        <Fact name="Interval">
          {dossier.after.join(", ") || "the vantage point"} → {dossier.before.join(", ")}
        </Fact>
        <Fact name="Quotes">{quoteWords(dossier.quote)}</Fact>
        <Fact name="Seen from">
          {seenFrom.length} of {vantages.length}
          {seenFrom.map((distance) => (
            <span class="line" key={distance.vantage}>
              <b>{distance.vantage}</b> {distanceWords(distance)}
            </span>
          ))}
        </Fact>
        <Fact name="On">
          {plural(paths, "path")} to {plural(targets, "target")}:{" "}
          {examples.slice(0, 4).map(({ target, port }, i) => (
            <span key={`${target} ${port}`}>
              {i > 0 && ", "}
              <a href={routeHash("path", { campaign, target, port })}>{`${target} port ${port}`}</a>
            </span>
          ))}
          {targets > 4 && ", …"}
        </Fact>
        <Fact name="First, last">
          {moment(dossier.firstSeenMs)}, {moment(dossier.lastSeenMs)}
          {dossier.campaigns.length > 1 && `, in ${dossier.campaigns.length} campaigns`}
        </Fact>
        <Fact name="Confidence">{confidence.toFixed(2)}</Fact>
        {dossier.scans.map((scan) => (
          <Fact name="Scan by nmap" key={scan.address}>
            <b>{scan.address}</b> {scanWords(scan)}
            {portLines(scan).map((line) => (
              <span class="line" key={line}>
                {line}
              </span>
            ))}
          </Fact>
        ))}
      </dl>
    </article>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
