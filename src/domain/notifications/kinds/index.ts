/** Everything that is told, by its kind. */
import type { NotificationKind } from "../../../database/generated/enums.ts";
import { drillResult } from "./drill-result.ts";
import { promptWaiting } from "./prompt-waiting.ts";
import { readinessLost } from "./readiness-lost.ts";
import { rpoCritical } from "./rpo-critical.ts";
import { runFailed } from "./run-failed.ts";
import { siteLost } from "./site-lost.ts";
import type { Teller } from "./teller.ts";

export const tellers = {
  PROMPT_WAITING: promptWaiting,
  RUN_FAILED: runFailed,
  RPO_CRITICAL: rpoCritical,
  SITE_LOST: siteLost,
  DRILL_RESULT: drillResult,
  READINESS_LOST: readinessLost,
} as const satisfies Record<NotificationKind, Teller>;

export type ToldKind = keyof typeof tellers;

export const isToldKind = (kind: string): kind is ToldKind => Object.hasOwn(tellers, kind);
export const toldKinds: readonly ToldKind[] = Object.keys(tellers).filter(isToldKind);
