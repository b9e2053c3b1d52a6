/** The views, in the order of the navigation. */
export const VIEWS = {
  live: "Live",
  matrix: "Matrix",
  dossiers: "Dossiers",
  growth: "Growth",
  agents: "Agents",
  places: "Map",
  optouts: "Opt-outs",
  sql: "SQL",
} as const;

export type ViewName = keyof typeof VIEWS | "path";

/** What the address says behind its `#`: a view, and what it shows. */
export interface Route {
  readonly view: ViewName;
  readonly parameters: Readonly<Record<string, string>>;
}

/** `#/path?target=198.51.100.7&port=443`; what is not understood is the first view. */
export function parseRoute(hash: string): Route {
  const [, name = "", query = ""] = /^#\/([a-z]+)(?:\?(.*))?$/.exec(hash) ?? [];
  if (name !== "path" && !Object.hasOwn(VIEWS, name)) return { view: "live", parameters: {} };
  return { view: name as ViewName, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

export function routeHash(view: ViewName, parameters: Readonly<Record<string, string | number | null>> = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) if (value !== null && value !== "") query.set(key, `${value}`);
  const text = query.toString();
  return `#/${view}${text === "" ? "" : `?${text}`}`;
}

/** The token in `#token=…`, as `parallax up` prints it; null where there is none. */
export function tokenIn(hash: string): string | null {
  return /^#token=([\w-]+)$/.exec(hash)?.[1] ?? null;
}
