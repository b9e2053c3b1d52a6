/**
 * What is wrong with an agent now, by its part, for the operator's list of agents and the log. A part is in order
 * again when it says so; nothing is logged twice in a row.
 */
export interface Trouble {
  begin(part: string, problem: string): void;
  end(part: string): void;
  isIn(part: string): boolean;
  /** Parts that are not in order. */
  readonly count: number;
  /** Empty when everything is in order. */
  readonly summary: string;
}

export function createTrouble(log: { warn(line: string): void; info(line: string): void }): Trouble {
  const current = new Map<string, string>();
  return {
    begin(part, problem) {
      if (current.get(part) !== problem) {
        log.warn(`${part}: ${problem}`);
        current.set(part, problem);
      }
    },
    end(part) {
      if (current.delete(part)) {
        log.info(`${part}: in order again`);
      }
    },
    isIn: (part) => current.has(part),
    get count() {
      return current.size;
    },
    get summary() {
      return [...current].map(([part, problem]) => `${part}: ${problem}`).join("; ");
    },
  };
}
