import type { VantagePlace } from "../../overview.js";
import { useDocument } from "../hooks.js";
import { Empty, Panel, Show, Title } from "../parts/parts.js";
import { Table } from "../parts/table.js";

/** Where the vantage points are. */
export function Places() {
  const places = useDocument<VantagePlace[]>("/v1/places");
  return (
    <>
      <Title about="By imported data on an agent's own address, or on the first hops on its way out.">
        Map of vantage points
      </Title>
      <Show of={places}>
        {(found) =>
          found.length === 0 ? (
            <Empty title="No vantage point yet">They appear when their agents connect.</Empty>
          ) : (
            <>
              <Panel title="Map">
                <World places={found} />
              </Panel>
              <Panel title="Vantage points">
                <Table label="Vantage points" columns={["Vantage point", "Place", "By the address", "Agents"]}>
                  {found.map(({ vantage, place, agents }) => (
                    <tr key={vantage}>
                      <th scope="row">{vantage}</th>
                      <td>
                        {place === null
                          ? "unknown"
                          : [place.city, place.country].filter((word) => word !== "").join(", ")}
                      </td>
                      <td>{place === null ? "–" : <code>{place.address}</code>}</td>
                      <td>{agents.join(", ")}</td>
                    </tr>
                  ))}
                </Table>
                {found.some(({ place }) => place === null) && (
                  <p class="remark">
                    Unknown are those whose addresses no imported data know:{" "}
                    <code>parallax enrich import maxmind FILE</code> takes a database of cities in.
                  </p>
                )}
              </Panel>
            </>
          )
        }
      </Show>
    </>
  );
}

/** Degrees are the coordinates (plate carrée): longitude from -180, latitude from 90 down. */
function World({ places }: { places: readonly VantagePlace[] }) {
  const known = places.filter(({ place }) => place !== null);
  const names = known.map(({ vantage, place }) => `${vantage} in ${place?.city || place?.country}`).join("; ");
  return (
    <svg class="world" viewBox="-180 -85 360 145" role="img" aria-label={`World map. ${names || "No place is known"}`}>
      <image href="/land.svg" x="-180" y="-90" width="360" height="180" />
      {known.map(({ vantage, place }) => (
        <g key={vantage} transform={`translate(${place?.longitude ?? 0} ${-(place?.latitude ?? 0)})`}>
          <circle class="site" r="2.4" />
          <text x="4" y="1.6">
            {vantage}
          </text>
        </g>
      ))}
      {known.length === 0 && (
        <text class="unknown" x="0" y="0">
          places unknown
        </text>
      )}
    </svg>
  );
}
