import { HOST_VERDICTS, type HostVerdict } from "../../../../shared/verdict/names.js";
import type { CampaignProgress } from "../../../campaign/progress.js";
import type { CampaignClassCount } from "../../overview.js";
import { moment, whole } from "../format.js";
import { useDocument } from "../hooks.js";
import { Badge, Empty, Panel, Scroll, Show, Title } from "../parts/parts.js";
import { routeHash } from "../route.js";
import { HOST_TONES } from "../tones.js";

/** How many targets of each kind every campaign found, from the counts beside its rollups. */
export function Growth({ campaigns }: { campaigns: readonly CampaignProgress[] }) {
  const counts = useDocument<CampaignClassCount[]>("/v1/class-counts");
  const order = new Map(campaigns.map(({ id }, place) => [id, place]));
  return (
    <>
      <Title about="What each campaign found, the oldest first.">Growth over campaigns</Title>
      <Show of={counts}>
        {(all) => {
          const known = [...new Set(all.map(({ campaign }) => campaign))].sort(
            (a, b) => (order.get(a) ?? -1) - (order.get(b) ?? -1) || (a < b ? -1 : 1),
          );
          if (known.length === 0) {
            return <Empty title="No campaign is compared yet">The first bar appears when a campaign ends.</Empty>;
          }
          const started = new Map(campaigns.map(({ id, startedAtMs }) => [id, startedAtMs]));
          const rows = known.map((campaign) => ({
            campaign,
            startedAtMs: started.get(campaign) ?? null,
            hosts: hostsOf(all.filter((count) => count.campaign === campaign)),
          }));
          return (
            <>
              {HOST_VERDICTS.filter((host) => rows.some(({ hosts }) => hosts[host] > 0)).map((host) => (
                <Bars key={host} host={host} rows={rows} />
              ))}
            </>
          );
        }}
      </Show>
    </>
  );
}

type Hosts = Readonly<Record<HostVerdict, number>>;

function hostsOf(counts: readonly CampaignClassCount[]): Hosts {
  const sum = (host: HostVerdict) =>
    counts.filter(({ hostVerdict }) => hostVerdict === host).reduce((total, { targets }) => total + targets, 0);
  return Object.fromEntries(HOST_VERDICTS.map((host) => [host, sum(host)])) as Hosts;
}

interface GrowthRow {
  readonly campaign: string;
  readonly startedAtMs: number | null;
  readonly hosts: Hosts;
}

function Bars({ host, rows }: { host: HostVerdict; rows: readonly GrowthRow[] }) {
  const most = Math.max(1, ...rows.map(({ hosts }) => hosts[host]));
  return (
    <Panel title={host} note={<Badge tone={HOST_TONES[host]}>targets</Badge>}>
      <Scroll label={`Targets that are ${host}, by campaign`}>
        <table class="growth">
          <caption class="unseen">Targets that are {host}, by campaign</caption>
          <thead>
            <tr>
              <th scope="col">Campaign</th>
              <th scope="col">Started</th>
              <th scope="col" class="n">
                Targets
              </th>
              <th scope="col" class="n">
                Change
              </th>
              <th scope="col" class="wide">
                Share of the most
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ campaign, startedAtMs, hosts }, i) => (
              <tr key={campaign}>
                <th scope="row">
                  <a href={routeHash("matrix", { campaign })}>{campaign}</a>
                </th>
                <td>{startedAtMs === null ? "–" : moment(startedAtMs)}</td>
                <td class="n">{whole(hosts[host])}</td>
                <td class="n">{changeText(hosts[host], rows[i - 1]?.hosts[host])}</td>
                <td>
                  <svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="track" width="100" height="4" />
                    <rect class={`fill-${HOST_TONES[host]}`} width={(hosts[host] / most) * 100} height="4" />
                  </svg>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function changeText(now: number, before: number | undefined): string {
  if (before === undefined) return "–";
  return now === before ? "0" : `${now > before ? "+" : "−"}${whole(Math.abs(now - before))}`;
}
