import type { OptOut } from "../../../optout/event.js";
import type { OptOutReach } from "../../../optout/reach.js";
import { moment, plural, whole } from "../format.js";
import { useDocument } from "../hooks.js";
import { Badge, Empty, Figure, Panel, Problem, Show, Title } from "../parts/parts.js";
import { Table } from "../parts/table.js";

const EVERY_MS = 5_000;

/** Who asked to be left alone, and whether every agent knows it. */
export function OptOuts() {
  const optOuts = useDocument<OptOut[]>("/v1/optouts", EVERY_MS);
  const reach = useDocument<OptOutReach>("/v1/optouts/reach", EVERY_MS);
  return (
    <>
      <Title about="Prefixes that asked to be left alone. They stay on record for ever.">Opt-outs</Title>
      {reach.state === "failed" && <Problem problem={reach.problem} />}
      <Show of={optOuts}>
        {(found) => (
          <>
            {reach.state === "ready" && (
              <dl class="figures">
                <Figure value={whole(found.filter(({ withdrawn }) => withdrawn === null).length)} label="In force" />
                <Figure value={whole(reach.value.revision)} label="Revision" />
                <Figure
                  value={`${reach.value.holding.length} of ${reach.value.holding.length + reach.value.waiting.length}`}
                  label="Agents that hold it"
                  note={
                    reach.value.waiting.length === 0
                      ? "all that are connected"
                      : `not yet: ${reach.value.waiting.join(", ")}`
                  }
                />
              </dl>
            )}
            {found.length === 0 ? (
              <Empty title="Nobody has opted out">
                <code>parallax optout add PREFIX --reason WORDS</code> holds at every agent within seconds.
              </Empty>
            ) : (
              <Panel title="Prefixes" note={plural(found.length, "entry", "entries")}>
                <Table label="Opt-outs" columns={["Prefix", "State", "Since", "Reason", "Contact", "From"]}>
                  {found.map((one) => (
                    <tr key={one.prefix}>
                      <th scope="row">
                        <code>{one.prefix}</code>
                      </th>
                      <td>
                        {one.withdrawn === null ? (
                          <Badge tone="good">in force</Badge>
                        ) : (
                          <Badge tone="quiet">withdrawn</Badge>
                        )}
                      </td>
                      <td>{moment(one.addedAtMs)}</td>
                      <td class="words">{one.reason}</td>
                      <td>{one.contact}</td>
                      <td>{one.origin}</td>
                    </tr>
                  ))}
                </Table>
              </Panel>
            )}
          </>
        )}
      </Show>
    </>
  );
}
