/** How a plan, its groups and its sites stand, as findings. Pure. */
import type { Fault } from "../faults.ts";
import type { JudgedStanding, Standing } from "../plans/types-standing.ts";
import type { FindingObject, Found } from "./found.ts";
import { type ReadinessCode, rules } from "./rules.ts";

/** MAPPING_MISSING and EMPTY: told here by what is not mapped rather than by each VM that uses it. */
const codes: Readonly<Record<string, ReadinessCode>> = {
  EMPTY: "EMPTY",
  GROUP_DELETED: "GROUP_DELETED",
  GROUP_FAULT: "GROUP_NOT_READY",
  GROUP_IN_USE: "GROUP_IN_USE",
  GROUP_RECOVERED_ELSEWHERE: "GROUP_RECOVERED_ELSEWHERE",
  MAPPING_MISSING: "MAPPING_MISSING",
  MIXED_DIRECTION: "MIXED_DIRECTION",
  NEEDS_CLEANUP: "NEEDS_CLEANUP",
  NEEDS_REPROTECT: "NEEDS_REPROTECT",
  RUN_INCOMPLETE: "RUN_INCOMPLETE",
  SITE_DISCONNECTED: "SITE_DISCONNECTED",
  SITE_PARTIALLY_CONNECTED: "SITE_PARTIALLY_CONNECTED",
  SPLIT_BRAIN: "SPLIT_BRAIN",
};

export function fromFaults(plan: FindingObject, standing: JudgedStanding): Found[] {
  return standing.faults.map((fault) => {
    const code = codeOf(fault, standing);
    const { message } = fault;
    return {
      code,
      severity: severityOf(code, fault, standing),
      object: fault.about ?? plan,
      recoveryTypes: [],
      message,
      remedy: rules[code].remedy,
    };
  });
}

/** A cleanup that left something keeps nobody from recovering. */
function codeOf({ code }: Fault, { lifecycle }: Standing): ReadinessCode {
  if (code === "RUN_INCOMPLETE" && lifecycle === "CLEANUP_INCOMPLETE") return "NEEDS_CLEANUP";
  return codes[code] ?? "OTHER";
}

/** A disaster recovery needs the recovery site alone. */
function severityOf(code: ReadinessCode, { about }: Fault, { groups }: Standing): Found["severity"] {
  if (code === "SITE_DISCONNECTED") return groups.some(({ recoverySiteId }) => recoverySiteId === about?.id) ? "BLOCKER" : "WARNING";
  return rules[code].severity === "WARNING" ? "WARNING" : "BLOCKER";
}

/** What is wrong with a group beside its state, by the faults that it shows itself. */
export function fromGroupFaults(group: FindingObject, faults: readonly Fault[]): Found[] {
  return faults.flatMap(({ code, message }): Found[] => {
    if (code !== "VM_FAULT" && code !== "UNPROTECTED_VM") return [];
    return [{ code, severity: "WARNING", object: group, recoveryTypes: [], message, remedy: rules[code].remedy }];
  });
}

const doing: Readonly<Record<string, string>> = { RECOVERY_IN_PROGRESS: "recovered", REPROTECT_IN_PROGRESS: "reprotected" };

/** While the plan itself is being moved nothing else can be said of it; null: it is not. */
export function underWay(plan: FindingObject, { lifecycle }: Pick<Standing, "lifecycle">): Found | null {
  const what = doing[lifecycle];
  if (what === undefined) return null;
  const message = `The plan ${plan.name} is being ${what}.`;
  const code = "RECOVERY_UNDER_WAY";
  return { code, severity: "BLOCKER", object: plan, recoveryTypes: [], message, remedy: rules[code].remedy };
}
