import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { errorCode, UserError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";
import { type AgentIdentity, DEFAULT_IDENTITY_FOLDER, readIdentity } from "../identity/identity.js";
import { SIMULATOR_KEY, type SimulatorConfig, simulatorOf } from "../sim/config.js";
import { DRIVERS, MOST_SENDER_THREADS, type RealDriver } from "../wire/port.js";
import { problemsError } from "./problems.js";
import {
  type AgentRules,
  CAPS_KEY,
  CONTACT_FOR_PAGE,
  INTERFACE_KEY,
  RULE_KEYS,
  requireContactForPage,
  rulesOf,
} from "./rules.js";
import { SELF_TEST_KEYS, type SelfTestConfig, selfTestOf } from "./self-test.js";

/** An agent's own file, checked. Paths are absolute, prefixes decoded, blocklist files read. */
export interface AgentConfig extends AgentRules {
  readonly name: string;
  readonly vantage: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What enrolment left in `identityFolder`. */
  readonly identity: AgentIdentity;
  readonly identityFolder: string;
  /** Where to connect: as the file says, else as the coordinator said at enrolment. */
  readonly coordinator: { readonly address: string };
  readonly broker: { readonly url: string };
  readonly spool: { readonly folder: string; readonly maxBytes: number };
  readonly interface: string;
  /** Where probes go instead of the interface; null: they are real. */
  readonly simulator: SimulatorConfig | null;
  /** How packets are sent; null: the fastest way that works on the interface. */
  readonly driver: RealDriver | null;
  /** xdp: the network card reads packets where they lie, if its driver can. */
  readonly zeroCopy: boolean;
  /** Threads that send; xdp has one for each queue of the interface at most. */
  readonly senderThreads: number;
  readonly caps: AgentCaps;
  readonly selfTest: SelfTestConfig;
}

/** What a person at this machine may do by hand: the part of the file that needs no coordinator. */
export interface HandRules extends AgentRules {
  readonly interface: string | null;
  readonly caps: AgentCaps | null;
}

/** `ports` null: every port is allowed. */
interface AgentCaps {
  readonly packetsPerSecond: number;
  readonly ports: readonly number[] | null;
}

const name = z.string().refine(isName, "use 1 to 63 letters, digits, - and _, beginning with a letter or digit");
const label = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
    "use 1 to 128 letters, digits and . _ / -, in quotes where YAML needs it",
  );

const agentKeys = {
  ...RULE_KEYS,
  ...SELF_TEST_KEYS,
  name: name.optional(),
  vantage: name.optional(),
  labels: z.record(label, label).default({}),
  identity: z.string().min(1).default(DEFAULT_IDENTITY_FOLDER),
  coordinator: z
    .strictObject({
      address: z
        .string()
        .regex(/^(\[[0-9A-Fa-f:.]+\]:\d{1,5}|[^\s:/]+:\d{1,5})$/, "write it as host:port, as in 192.0.2.1:7443"),
    })
    .optional(),
  broker: z.strictObject({ url: z.string().regex(/^tls:\/\/\S+$/, "write it as tls://host:port") }).optional(),
  spool: z.strictObject({
    folder: z.string().min(1),
    maxBytes: z.number().int().min(16_777_216, "give the spool at least 16777216 (16 MiB)"),
  }),
  interface: INTERFACE_KEY,
  simulator: SIMULATOR_KEY.optional(),
  driver: z.enum(DRIVERS).optional(),
  zeroCopy: z.boolean().default(false),
  senderThreads: z.number().int().min(1).max(MOST_SENDER_THREADS).default(1),
  caps: CAPS_KEY,
};

const agentSchema = z.strictObject(agentKeys).refine(requireContactForPage, CONTACT_FOR_PAGE);

/** The same file; what only work for a coordinator needs may be missing. */
const handSchema = z
  .strictObject({
    ...agentKeys,
    name: z.unknown().optional(),
    vantage: z.unknown().optional(),
    labels: z.unknown().optional(),
    identity: z.unknown().optional(),
    coordinator: z.unknown().optional(),
    broker: z.unknown().optional(),
    spool: z.unknown().optional(),
    exitTarget: z.unknown().optional(),
    reference: z.unknown().optional(),
    reachableAt: z.unknown().optional(),
    interface: INTERFACE_KEY.optional(),
    simulator: z.never("only `run` has a simulator: what is sent by hand is real").optional(),
    caps: CAPS_KEY.optional(),
  })
  .refine(requireContactForPage, CONTACT_FOR_PAGE);

/**
 * Reads and checks an agent's YAML file; relative paths in it start from its folder.
 *
 * @throws UserError with exit code 2: one line per problem, each with its key and the remedy.
 */
export function loadAgentConfig(file: string): AgentConfig {
  return parseAgentConfig(readConfigFile(file), file);
}

/**
 * As `loadAgentConfig`, from the file's text; `file` names it in messages and anchors relative paths, `identityIn` reads
 * what enrolment left in a folder.
 */
export function parseAgentConfig(text: string, file: string, identityIn = readIdentity): AgentConfig {
  const value = checked(agentSchema, text, file);
  const folder = dirname(resolve(file));
  const path = (relative: string): string => resolve(folder, relative);
  const identityFolder = path(value.identity);
  const identity = identityIn(identityFolder);
  requireSame(file, "name", value.name, identity.name);
  requireSame(file, "vantage", value.vantage, identity.vantage);
  return {
    ...rulesOf(value, folder),
    name: identity.name,
    vantage: identity.vantage,
    identity,
    identityFolder,
    // Nobody should take what a simulation found for the Internet.
    labels: value.simulator === undefined ? value.labels : { ...value.labels, simulated: "true" },
    coordinator: value.coordinator ?? { address: identity.sessionAddress },
    broker: value.broker ?? { url: identity.brokerUrl },
    spool: { ...value.spool, folder: path(value.spool.folder) },
    interface: value.interface,
    driver: value.driver ?? null,
    zeroCopy: value.zeroCopy,
    senderThreads: value.senderThreads,
    simulator: value.simulator === undefined ? null : simulatorOf(value.simulator, identity.name, folder),
    caps: capsOf(value.caps),
    selfTest: selfTestOf(value),
  };
}

/**
 * Reads the part of an agent's file that rules probes sent by hand.
 *
 * @throws UserError with exit code 2, as `loadAgentConfig` does
 */
export function loadHandRules(file: string): HandRules {
  const value = checked(handSchema, readConfigFile(file), file);
  return {
    ...rulesOf(value, dirname(resolve(file))),
    interface: value.interface ?? null,
    caps: value.caps === undefined ? null : capsOf(value.caps),
  };
}

function capsOf(caps: z.output<typeof CAPS_KEY>): AgentCaps {
  return { packetsPerSecond: caps.packetsPerSecond, ports: caps.ports ?? null };
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`the agent's file ${file} cannot be read (${errorCode(error)})`, {
      remedy: "name an existing file with --config",
      exitCode: 2,
      cause: error,
    });
  }
}

/** The YAML's values under the schema; throws UserError with a line per problem. */
function checked<T extends z.ZodType>(schema: T, text: string, file: string): z.output<T> {
  const document = parseDocument(text);
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new UserError(`${file}: ${firstLine(broken.message)}`, { remedy: "mend the YAML there", exitCode: 2 });
  }
  const result = schema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!result.success) {
    throw problemsError(file, result.error.issues);
  }
  return result.data;
}

/** A name in the file is a check, no choice: the coordinator gave it at enrolment. */
function requireSame(file: string, key: string, said: string | undefined, enrolled: string): void {
  if (said === undefined || said === enrolled) return;
  throw new UserError(`${file}: ${key} is ${said}, but this machine is enrolled with ${key} ${enrolled}`, {
    remedy: `leave ${key} away, or enrol the machine again with --${key} ${said}`,
    exitCode: 2,
  });
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/:$/, "");
}
