import { useState } from "preact/hooks";
import type { CampaignProgress } from "../../campaign/progress.js";
import type { Overview } from "../overview.js";
import type { ApiError } from "./answer.js";
import { keepToken } from "./api.js";
import { choose, isCompared, OF_COMPARED, OF_ONE_CAMPAIGN, showable } from "./chosen.js";
import { useDocument, useRoute } from "./hooks.js";
import { Empty, Problem, Title } from "./parts/parts.js";
import { type Route, routeHash, VIEWS, type ViewName } from "./route.js";
import { Agents } from "./views/agents.js";
import { DossierCards } from "./views/dossiers.js";
import { Growth } from "./views/growth.js";
import { Live } from "./views/live.js";
import { Matrix } from "./views/matrix.js";
import { OptOuts } from "./views/opt-outs.js";
import { Path } from "./views/path.js";
import { Places } from "./views/places.js";
import { Sql } from "./views/sql.js";

const EVERY_MS = 2_000;

export function App() {
  const route = useRoute();
  const [attempt, setAttempt] = useState(0);
  const loaded = useDocument<Overview>(`/v1/overview${attempt === 0 ? "" : `?${attempt}`}`, EVERY_MS);
  if (loaded.state === "failed" && loaded.problem.status === 401) {
    return <SignIn problem={loaded.problem} onToken={() => setAttempt(attempt + 1)} />;
  }
  const overview = loaded.state === "ready" ? loaded.value : null;
  const problem = loaded.state === "loading" ? null : loaded.problem;
  const chosen = overview === null ? null : choose(route, overview.campaigns);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <Head route={route} overview={overview} chosen={chosen} problem={problem} />
      <main id="main" tabIndex={-1}>
        {problem !== null && <Problem problem={problem} />}
        {overview === null ? (
          loaded.state === "loading" && (
            <p class="loading" role="status">
              Loading …
            </p>
          )
        ) : (
          <View route={route} overview={overview} chosen={chosen} />
        )}
      </main>
      <footer>
        Parallax {overview?.version ?? ""} · times are UTC · <a href="/licences.txt">licences</a>
      </footer>
    </>
  );
}

interface Shown {
  readonly route: Route;
  readonly overview: Overview;
  readonly chosen: CampaignProgress | null;
}

function Head({
  route,
  overview,
  chosen,
  problem,
}: {
  route: Route;
  overview: Overview | null;
  chosen: CampaignProgress | null;
  problem: ApiError | null;
}) {
  const campaigns = showable(route.view, overview?.campaigns ?? []);
  const open = (view: ViewName) => routeHash(view, { campaign: route.parameters.campaign ?? null });
  return (
    <header class="head">
      <a class="brand" href={routeHash("live")}>
        <img src="/icon.svg" alt="" width="24" height="24" />
        Parallax
      </a>
      <nav class="tabs" aria-label="Views">
        {Object.entries(VIEWS).map(([view, name]) => {
          const isHere = view === route.view || (view === "matrix" && route.view === "path");
          return (
            <a key={view} href={open(view as ViewName)} {...(isHere && { "aria-current": "page" as const })}>
              {name}
            </a>
          );
        })}
      </nav>
      {OF_ONE_CAMPAIGN.has(route.view) && campaigns.length > 0 && (
        <label class="campaign">
          <span>Campaign</span>
          <select
            value={chosen?.id ?? ""}
            onChange={({ currentTarget }) => {
              const view = route.view === "path" ? "matrix" : route.view;
              location.hash = routeHash(view, { campaign: currentTarget.value });
            }}
          >
            {[...campaigns].reverse().map(({ id }) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        </label>
      )}
      <span class={`pulse ${problem === null ? "" : "lost"}`} role="status">
        {problem === null ? (overview === null ? "connecting" : "up to date") : "connection lost"}
      </span>
    </header>
  );
}

function View({ route, overview, chosen }: Shown) {
  const { view, parameters } = route;
  if (OF_COMPARED.has(view) && (chosen === null || !isCompared(chosen))) {
    return (
      <>
        <Title>{view === "dossiers" ? "Middlebox dossiers" : "Matrix"}</Title>
        <Empty title={chosen === null ? "No campaign is over yet" : `Campaign ${chosen.id} is ${chosen.state}`}>
          The vantage points are compared at the end of a campaign. <a href={routeHash("live")}>See how far it is.</a>
        </Empty>
      </>
    );
  }
  const campaign = chosen?.id ?? "";
  switch (view) {
    case "live":
      return <Live overview={overview} chosen={chosen} />;
    case "matrix":
      return <Matrix key={campaign} campaign={campaign} />;
    case "path":
      return <Path campaign={campaign} target={parameters.target ?? ""} port={Number(parameters.port) || null} />;
    case "dossiers":
      return <DossierCards campaign={campaign} />;
    case "growth":
      return <Growth campaigns={overview.campaigns} />;
    case "agents":
      return <Agents agents={overview.agents} nowMs={overview.nowMs} />;
    case "places":
      return <Places />;
    case "optouts":
      return <OptOuts />;
    case "sql":
      return <Sql campaign={chosen?.id ?? null} />;
  }
}

function SignIn({ problem, onToken }: { problem: ApiError; onToken: () => void }) {
  const [token, setToken] = useState("");
  return (
    <main id="main" class="sign-in">
      <Title>Who are you?</Title>
      <p>
        Paste the content of <code>operator.token</code>, which is in the coordinator's data folder, or open the address
        that <code>parallax up</code> prints. It is kept in this tab alone.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          keepToken(token.trim());
          onToken();
        }}
      >
        <label class="block" for="token">
          Token
        </label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
          required
        />
        <button type="submit" class="main">
          Open
        </button>
      </form>
      <p class="note">{problem.message}</p>
    </main>
  );
}
