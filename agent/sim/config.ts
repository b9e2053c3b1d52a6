import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { errorCode, UserError } from "../../shared/errors.js";
import { createSimHash } from "./hash.js";
import { createScriptedWorld } from "./scripted.js";
import { scriptedWorldSchema } from "./scripted-spec.js";
import { createSeededWorld } from "./seeded.js";
import { type Shares, sharesSchema } from "./seeded-spec.js";
import type { SimWorld } from "./world.js";

/** The key of an agent's file that lets it probe a simulated Internet instead of an interface. */
export const SIMULATOR_KEY = z.strictObject({
  /** Everything that is left to chance; agents with the same seed are in the same world. */
  seed: z.union([z.string().min(1), z.number().int()]).default(0),
  /** A script (YAML or JSON); without it the world is computed from the seed and the shares. */
  world: z.string().min(1).optional(),
  shares: sharesSchema.optional(),
  /** The place in the world; by default the agent's name. */
  vantage: z.string().min(1).optional(),
  /** Share of packets that are lost on each way. */
  loss: z.number().min(0).max(1).default(0),
});

/** Paths are absolute. */
export interface SimulatorConfig {
  readonly seed: string | number;
  readonly world: { readonly script: string } | { readonly shares: Shares };
  readonly vantage: string;
  readonly loss: number;
}

/** From a checked key; relative paths start from `folder`. */
export function simulatorOf(value: z.output<typeof SIMULATOR_KEY>, agent: string, folder: string): SimulatorConfig {
  const { seed, world, shares, vantage = agent, loss } = value;
  const source =
    world === undefined ? { shares: shares ?? sharesSchema.parse({}) } : { script: resolve(folder, world) };
  return { seed, world: source, vantage, loss };
}

/** @throws UserError with exit code 2 when the script cannot be read, or is not one */
export function openSimWorld({ seed, world }: SimulatorConfig): SimWorld {
  const hash = createSimHash(seed);
  if ("shares" in world) return createSeededWorld(world.shares, hash);
  const result = scriptedWorldSchema.safeParse(readScript(world.script));
  if (result.success) return createScriptedWorld(result.data, hash);
  const [issue] = result.error.issues;
  throw new UserError(`simulator.world: ${world.script}: ${issue?.path.join(".")}: ${issue?.message}`, {
    remedy: "mend the script there",
    exitCode: 2,
  });
}

function readScript(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (cause) {
    const isYaml = cause instanceof YAMLParseError;
    throw new UserError(`simulator.world: ${file} ${isYaml ? cause.message : `cannot be read (${errorCode(cause)})`}`, {
      remedy: "name a file with a script, in YAML or JSON",
      exitCode: 2,
      cause,
    });
  }
}
