import { alarmText } from "../../../alarm/alarm.js";
import type { AgentReport } from "../../../alarm/report.js";
import type { CampaignProgress } from "../../../campaign/progress.js";
import type { Overview } from "../../overview.js";
import { hitRate } from "../agent-words.js";
import { duration, moment, plural, whole } from "../format.js";
import { Badge, Empty, Panel, Title } from "../parts/parts.js";
import { numbers, Table } from "../parts/table.js";
import { routeHash } from "../route.js";
import { AGENT_TONES, stateTone } from "../tones.js";
import { CampaignPanel } from "./campaign-panel.js";

/** The campaign that runs, or the last one; who works for it, and what is wrong. */
export function Live({ overview, chosen }: { overview: Overview; chosen: CampaignProgress | null }) {
  return (
    <>
      <Title>Live</Title>
      {overview.alarms.map((alarm) => (
        <div class="problem" role="alert" key={`${alarm.kind} ${alarm.agent} ${alarm.target} ${alarm.port}`}>
          <strong>Alarm</strong> <span>{alarmText(alarm)}</span>
        </div>
      ))}
      {chosen === null ? (
        <Empty title="No campaign yet">
          Make one with <code>parallax campaign create campaign.yaml --start</code>; it shows up here by itself.
        </Empty>
      ) : (
        <CampaignPanel progress={chosen} nowMs={overview.nowMs} />
      )}
      <Working agents={overview.agents} />
      <Campaigns campaigns={overview.campaigns} />
    </>
  );
}

function Working({ agents }: { agents: readonly AgentReport[] }) {
  const present = agents.filter(({ state }) => state !== "gone");
  return (
    <Panel title="Agents" note={plural(present.length, "connected", "connected")}>
      {present.length === 0 ? (
        <Empty title="No agent is connected">
          <code>parallax enroll create --vantage NAME</code> prints a token for a machine.
        </Empty>
      ) : (
        <Table
          label="Agents that are connected"
          columns={["Agent", "Vantage point", "State", ...numbers("Packets/s", "Sent", "Replies", "Hit rate")]}
        >
          {present.map((one) => (
            <tr key={one.agent}>
              <th scope="row">{one.agent}</th>
              <td>{one.vantage}</td>
              <td>
                <Badge tone={AGENT_TONES[one.state]}>{one.state}</Badge>
              </td>
              <td class="n">{whole(one.stats?.packetsPerSecond ?? 0)}</td>
              <td class="n">{whole(one.stats?.packetsSent ?? 0)}</td>
              <td class="n">{whole(one.stats?.replies ?? 0)}</td>
              <td class="n">{hitRate(one)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** Campaigns that are listed; all of them are in `parallax campaign list`. */
const LISTED = 12;

function Campaigns({ campaigns }: { campaigns: readonly CampaignProgress[] }) {
  if (campaigns.length === 0) return null;
  return (
    <Panel title="Campaigns" note={campaigns.length > LISTED ? `the last ${LISTED} of ${campaigns.length}` : undefined}>
      <Table label="Campaigns, the newest first" columns={["Campaign", "State", "Started", ...numbers("Took")]}>
        {campaigns
          .slice(-LISTED)
          .reverse()
          .map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <a href={routeHash("live", { campaign: one.id })}>{one.id}</a>
              </th>
              <td>
                <Badge tone={stateTone(one)}>{one.paused ? "paused" : one.state}</Badge>
              </td>
              <td>{one.startedAtMs === null ? "–" : moment(one.startedAtMs)}</td>
              <td class="n">
                {one.startedAtMs === null || one.finishedAtMs === null
                  ? "–"
                  : duration(one.finishedAtMs - one.startedAtMs)}
              </td>
            </tr>
          ))}
      </Table>
    </Panel>
  );
}
