import { HOST_VERDICTS, type HostVerdict } from "../../../../shared/verdict/names.js";
import type { CampaignProgress } from "../../../campaign/progress.js";
import type { CampaignClassCount } from "../../overview.js";
import { moment, whole } from "../format.js";
import { changeText, type GrowthRow, growthRows } from "../growth-rows.js";
import { useDocument } from "../hooks.js";
import { Badge, Empty, Panel, ShareBar, Show, Title } from "../parts/parts.js";
import { type Column, numbers, Table } from "../parts/table.js";
import { routeHash } from "../route.js";
import { HOST_TONES } from "../tones.js";

const COLUMNS: readonly Column[] = [
  ...["Campaign", "Started"],
  ...numbers("Targets", "Change"),
  { name: "Share of the most", kind: "wide" },
];

/** How many targets of each kind every campaign found, from the counts beside its rollups. */
export function Growth({ campaigns }: { campaigns: readonly CampaignProgress[] }) {
  const counts = useDocument<CampaignClassCount[]>("/v1/class-counts");
  return (
    <>
      <Title about="What each campaign found, the oldest first.">Growth over campaigns</Title>
      <Show of={counts}>
        {(all) => {
          const rows = growthRows(all, campaigns);
          if (rows.length === 0) {
            return <Empty title="No campaign is compared yet">The first bar appears when a campaign ends.</Empty>;
          }
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

function Bars({ host, rows }: { host: HostVerdict; rows: readonly GrowthRow[] }) {
  const tone = HOST_TONES[host];
  const most = Math.max(1, ...rows.map(({ hosts }) => hosts[host]));
  return (
    <Panel title={host} note={<Badge tone={tone}>targets</Badge>}>
      <Table class="growth" label={`Targets that are ${host}, by campaign`} columns={COLUMNS}>
        {rows.map(({ campaign, startedAtMs, hosts }, i) => (
          <tr key={campaign}>
            <th scope="row">
              <a href={routeHash("matrix", { campaign })}>{campaign}</a>
            </th>
            <td>{startedAtMs === null ? "–" : moment(startedAtMs)}</td>
            <td class="n">{whole(hosts[host])}</td>
            <td class="n">{changeText(hosts[host], rows[i - 1]?.hosts[host])}</td>
            <td>
              <ShareBar label={null} parts={[{ tone, share: hosts[host] / most }]} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
