import type { WorkGrant, WorkPlan } from "../../shared/lease/work.js";
import type { TargetSource } from "../../shared/target/source.js";
import { openTargetSource, type TargetSourceSpec } from "../../shared/target/spec.js";
import type { Permission } from "./permission.js";

/** Decides whether a grant may be worked on, and finds its targets. */
export interface Admission {
  plan(plan: WorkPlan): void;
  /** The grant's plan and targets, or why it is refused. */
  examine(grant: WorkGrant): Admitted | string;
}

/** A grant that may be worked on; the source also as data, for another thread. */
export interface Admitted {
  readonly plan: WorkPlan;
  readonly source: TargetSource;
  readonly sourceSpec: TargetSourceSpec;
}

export function createAdmission(permission: Permission): Admission {
  const plans = new Map<string, { readonly plan: WorkPlan; readonly forbidden: string | null }>();
  const spaces = new Map<string, TargetSource>();

  const forbiddenBy = (plan: WorkPlan): string | null =>
    permission.ports(plan.ports) ?? (plan.source.kind === "space" ? permission.ranges(plan.source.ranges) : null);

  const forbiddenListed = ({ targets }: WorkGrant): string | null =>
    permission.ports([...new Set(targets.map((target) => target.port))]) ?? permission.targets(targets);

  const specOf = ({ source, ports }: WorkPlan, { targets, from }: WorkGrant): TargetSourceSpec =>
    source.kind === "list" ? { ...source, targets, from } : { ...source, ports };

  /** Throws RangeError when there is no such source. */
  const sourceOf = ({ plan }: WorkPlan, spec: TargetSourceSpec): TargetSource => {
    if (spec.kind === "list") {
      return openTargetSource(spec);
    }
    // All leases of a plan share the one that is computed.
    const source = spaces.get(plan) ?? openTargetSource(spec);
    spaces.set(plan, source);
    return source;
  };

  return {
    plan(plan) {
      plans.set(plan.plan, { plan, forbidden: forbiddenBy(plan) });
    },
    examine(grant) {
      const known = plans.get(grant.plan);
      if (known === undefined) {
        return `its plan ${grant.plan} was not sent`;
      }
      const { plan } = known;
      const listed = plan.source.kind === "list";
      if (listed && grant.targets.length !== grant.to - grant.from) {
        return `it has ${grant.targets.length} targets for the indices ${grant.from} to ${grant.to}`;
      }
      const forbidden = known.forbidden ?? (listed ? forbiddenListed(grant) : null);
      if (forbidden !== null) {
        return forbidden;
      }
      try {
        const sourceSpec = specOf(plan, grant);
        const source = sourceOf(plan, sourceSpec);
        return grant.to > source.size
          ? `index ${grant.to} is past the source's size ${source.size}`
          : { plan, source, sourceSpec };
      } catch (error) {
        if (error instanceof RangeError) {
          return error.message;
        }
        throw error;
      }
    },
  };
}
