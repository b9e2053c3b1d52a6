import { z } from "zod";
import { UserError } from "../../shared/errors.js";
import { createCell } from "../control/cell.js";
import type { ControlConflict } from "../control/conflict.js";
import type { Codec, Control } from "../control/control.js";
import type { AgentView, Fleet } from "./fleet.js";

/** Agents that get no more work, so that their machines can be upgraded; kept in the control state. */
export interface Drains {
  /** Resolves when it is durable. Rejects with UserError for an agent that was never here. */
  drain(agent: string): Promise<AgentView>;
  resume(agent: string): Promise<AgentView>;
}

const KEY = "fleet.drains";
const codec: Codec<readonly string[]> = {
  encode: (agents) => JSON.stringify(agents),
  decode: (text) => z.array(z.string()).parse(JSON.parse(text)),
};

export async function openDrains(options: {
  readonly control: Control;
  readonly fleet: Fleet;
  readonly onConflict: (error: ControlConflict) => void;
}): Promise<Drains> {
  const { control, fleet } = options;
  const found = await control.load(KEY, codec);
  const cell = createCell({ control, key: KEY, codec, revision: found?.revision ?? 0, onConflict: options.onConflict });
  const drained = new Set(found?.value ?? []);
  fleet.setDrained(drained);

  const find = (name: string): AgentView => {
    const view = fleet.list().find(({ agent }) => agent === name);
    if (view !== undefined) return view;
    throw new UserError(`there is no agent "${name}"`, { remedy: "`parallax agents` shows their names", exitCode: 2 });
  };
  const change = async (name: string, is: boolean): Promise<AgentView> => {
    if (is || !drained.has(name)) find(name);
    if (is) drained.add(name);
    else drained.delete(name);
    await cell.save([...drained].sort());
    return find(name);
  };
  return {
    drain: (agent) => change(agent, true),
    resume: (agent) => change(agent, false),
  };
}
