/** A host as nmap describes it, while its elements come. */
export interface NmapHost {
  isUp: boolean;
  /** Of IPv4 and IPv6, as the file has them. */
  readonly addresses: string[];
  /** Unix seconds as text: its end first, then its beginning. */
  readonly times: readonly (string | undefined)[];
  readonly names: string[];
  readonly ports: NmapPort[];
  /** What fits best; empty where nothing was guessed. */
  os: string;
  /** Percent. */
  osAccuracy: number;
}

/** Number, protocol, state, service, product with its version. */
type NmapPort = [number: number, protocol: string, state: string, service: string, product: string];

type Attributes = Readonly<Record<string, string>>;

/** More than a host can have of TCP, UDP, SCTP and IP protocols together; names are a few. */
const MOST_PORTS = 3 * 65_536 + 256;
const MOST_NAMES = 16;
/** What a service says of itself can be anything. */
const MOST_CHARACTERS = 200;

export function startHost({ endtime, starttime }: Attributes): NmapHost {
  return { isUp: false, times: [endtime, starttime], addresses: [], names: [], ports: [], os: "", osAccuracy: 0 };
}

/** Adds what an element within a host says, with its attributes; of elements that tell nothing of it nothing. */
export function takeElement(host: NmapHost, element: string, given: Attributes): void {
  const { ports, names } = host;
  const port = ports.at(-1);
  switch (element) {
    case "status":
      host.isUp = given.state === "up";
      return;
    case "address":
      if (given.addrtype !== "mac" && given.addr !== undefined) host.addresses.push(clean(given.addr));
      return;
    case "hostname":
      if (given.name !== undefined && names.length < MOST_NAMES) names.push(clean(given.name));
      return;
    case "port": {
      const number = Number(given.portid);
      const isPort = Number.isInteger(number) && number >= 0 && number <= 65_535;
      if (isPort && ports.length < MOST_PORTS) ports.push([number, clean(given.protocol), "", "", ""]);
      return;
    }
    case "state":
      if (port !== undefined) port[2] = clean(given.state);
      return;
    case "service":
      if (port !== undefined) [port[3], port[4]] = [serviceOf(given), productOf(given)];
      return;
    case "osmatch": {
      const accuracy = Number(given.accuracy);
      if (accuracy <= host.osAccuracy || accuracy > 100) return;
      host.os = clean(given.name);
      host.osAccuracy = Math.floor(accuracy);
    }
  }
}

function serviceOf({ name, tunnel }: Attributes): string {
  return clean(tunnel === undefined ? name : `${tunnel}/${name}`);
}

function productOf({ product, version, extrainfo }: Attributes): string {
  const extra = extrainfo === undefined ? undefined : `(${extrainfo})`;
  return clean([product, version, extra].filter((part) => part !== undefined).join(" "));
}

/** A terminal obeys control characters, and strangers choose what their hosts say. */
function clean(text = ""): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ").slice(0, MOST_CHARACTERS);
}
