/** How long steps are expected to take: as in past runs, else by kind. A wrong one makes forecasts wrong, no more. */
import type { LeafContent } from "./compile/tree.ts";

const upTo = (seconds: number, limit: number | null): number => (limit === null ? seconds : Math.min(seconds, limit));

/** Seconds; fixed: a wait whose length the plan says, whatever past runs took. */
function byKind(step: LeafContent): { readonly seconds: number; readonly fixed?: true } {
  switch (step.kind) {
    case "STARTUP_DELAY":
      return { seconds: step.spec.seconds, fixed: true };
    case "PAUSE":
      return step.spec.durationSeconds === null ? { seconds: 60 } : { seconds: step.spec.durationSeconds, fixed: true };
    case "PROMPT":
      return { seconds: upTo(60, step.spec.timeoutSeconds) };
    case "COMMAND":
      return { seconds: upTo(15, step.spec.timeoutSeconds) };
    case "GUEST_COMMAND":
      return { seconds: upTo(20, step.spec.timeoutSeconds) };
    case "SHUT_DOWN_VM":
      return { seconds: upTo(30, step.spec.guestTimeoutSeconds === 0 ? 5 : step.spec.guestTimeoutSeconds) };
    case "PROBE":
      return { seconds: upTo(10, step.spec.timeoutSeconds) };
    case "READY_CHECK":
      return { seconds: upTo(45, step.spec.timeoutSeconds) };
    case "SYNCHRONISE":
      return { seconds: 60 };
    case "CREATE_SNAPSHOT":
    case "PROMOTE_STORAGE":
    case "POWER_ON_SOURCE":
    case "REVERSE_REPLICATION":
      return { seconds: 15 };
    case "CUSTOMISE_IP":
    case "POWER_ON":
      return { seconds: 15 };
    case "CONFIGURE_REPLICATION":
    case "CHANGE_STORAGE":
    case "ADD_TO_REPLICATION":
    case "STOP_REPLICATION":
    case "REGISTER_VM":
    case "POWER_OFF":
    case "REMOVE_VM":
    case "DISCARD_SNAPSHOT":
      return { seconds: 10 };
    case "FENCE_SITE":
    case "SET_STORAGE_READ_ONLY":
    case "SET_STORAGE_WRITABLE":
    case "CHECK_ORIGINALS_OFF":
    case "DEMOTE_VM":
    case "CREATE_TEST_NETWORK":
    case "REMOVE_NETWORK":
    case "RESTORE_PLACEHOLDER":
    case "CREATE_PLACEHOLDER":
    case "REMOVE_PLACEHOLDER":
    case "REMOVE_FROM_REPLICATION":
    case "DISCOVER_DATASTORES":
    case "LEAK_AUDIT":
      return { seconds: 5 };
  }
}

/** Seconds to the millisecond, 0 or more, `pastSeconds` where the step was done before: a chain of many short steps would lose half a second at each, were they whole. */
export function expectedSeconds(step: LeafContent, pastSeconds: number | undefined): number {
  const { seconds, fixed } = byKind(step);
  const isKnown = !fixed && pastSeconds !== undefined && Number.isFinite(pastSeconds);
  return Math.max(0, Math.round(1000 * (isKnown ? pastSeconds : seconds)) / 1000);
}
