import type { AgentReport } from "../../../alarm/report.js";
import { clockOff, hitRate, wrong } from "../agent-words.js";
import { bytes, plural, whole } from "../format.js";
import { Badge, Empty, Panel, Title } from "../parts/parts.js";
import { numbers, Table } from "../parts/table.js";
import { AGENT_TONES } from "../tones.js";

const COLUMNS = [
  ...["Agent", "Vantage point", "State", "Version", "Driver", "Fidelity"],
  ...numbers("Cap, packets/s", "Packets/s", "Hit rate", "Leases", "Spool", "Clock off"),
  "What is wrong",
];

/** Every agent that ever connected, with what it says of itself. */
export function Agents({ agents, nowMs }: { agents: readonly AgentReport[]; nowMs: number }) {
  return (
    <>
      <Title about="Every machine that has connected to this coordinator.">Agents</Title>
      {agents.length === 0 ? (
        <Empty title="No agent has connected yet">
          <code>parallax enroll create --vantage NAME</code> prints a token; <code>parallax-agent enroll</code> uses it.
        </Empty>
      ) : (
        <Panel title="Agents" note={plural(agents.length, "machine")}>
          <Table label="Agents" columns={COLUMNS}>
            {agents.map((one) => (
              <tr key={one.agent}>
                <th scope="row">{one.agent}</th>
                <td>{one.vantage}</td>
                <td>
                  <Badge tone={AGENT_TONES[one.state]}>{one.state}</Badge>
                  {one.drain !== "" && <Badge tone="warn">{one.drain}</Badge>}
                </td>
                <td>{one.version}</td>
                <td>{one.selfTest?.driver || "–"}</td>
                <td>{one.selfTest?.fidelity.state ?? "–"}</td>
                <td class="n">{whole(one.maxPps)}</td>
                <td class="n">{whole(one.stats?.packetsPerSecond ?? 0)}</td>
                <td class="n">{hitRate(one)}</td>
                <td class="n">{whole(one.leases)}</td>
                <td class="n">{bytes(one.stats?.spoolBytes ?? 0)}</td>
                <td class="n">{clockOff(one)}</td>
                <td class="words">{wrong(one, nowMs)}</td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
    </>
  );
}
