import type { AgentReport } from "../../../alarm/report.js";
import { bytes, duration, moment, plural, whole } from "../format.js";
import { Badge, Empty, Panel, Scroll, Title } from "../parts/parts.js";
import { AGENT_TONES, hitRate } from "./live.js";

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
          <Scroll label="Agents">
            <table>
              <caption class="unseen">Agents</caption>
              <thead>
                <tr>
                  {["Agent", "Vantage point", "State", "Version", "Driver", "Fidelity"].map((name) => (
                    <th scope="col" key={name}>
                      {name}
                    </th>
                  ))}
                  {["Cap, packets/s", "Packets/s", "Hit rate", "Leases", "Spool", "Clock off"].map((name) => (
                    <th scope="col" class="n" key={name}>
                      {name}
                    </th>
                  ))}
                  <th scope="col">What is wrong</th>
                </tr>
              </thead>
              <tbody>
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
              </tbody>
            </table>
          </Scroll>
        </Panel>
      )}
    </>
  );
}

function clockOff({ selfTest }: AgentReport): string {
  return selfTest === null || selfTest.clock === null ? "–" : `${(selfTest.clock.offsetUs / 1000).toFixed(1)} ms`;
}

function wrong({ state, lastSeenAtMs, selfTest, stats, alarms }: AgentReport, nowMs: number): string {
  const away =
    state === "connected" ? [] : [`last heard ${duration(nowMs - lastSeenAtMs)} ago, ${moment(lastSeenAtMs)}`];
  const said = [selfTest?.problem ?? "", stats?.lastError ?? ""].filter((line) => line !== "");
  return (
    [...away, ...said, ...alarms.map(({ answer, expected }) => `${answer} instead of ${expected}`)].join("; ") ||
    "nothing"
  );
}
