import { HANDSHAKE_WORDS, HOST_WORDS, PLACEMENT_WORDS, VIEW_WORDS } from "../../../../shared/verdict/words.js";
import type { Explanation } from "../../../compare/document.js";
import { useDocument } from "../hooks.js";
import { Badge, Empty, Panel, Show, Title } from "../parts/parts.js";
import { routeHash } from "../route.js";
import { HOST_TONES, PLACEMENT_TONES, VIEW_TONES } from "../tones.js";
import { Traces } from "./traces.js";

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
