import type { AgentView } from "../session/fleet.js";
import type { Alarm } from "./alarm.js";

/** An agent as the operator sees it, with the alarms that it has to do with. */
export interface AgentReport extends AgentView {
  readonly alarms: readonly Alarm[];
}

export function agentReports(agents: readonly AgentView[], alarms: readonly Alarm[]): AgentReport[] {
  return agents.map((view) => ({ ...view, alarms: alarms.filter(({ agent }) => agent === view.agent) }));
}
