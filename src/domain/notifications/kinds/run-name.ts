import type { RunKind } from "../../../database/generated/enums.ts";

const names: Readonly<Record<RunKind, string>> = {
  TEST: "test",
  CLEANUP: "cleanup",
  PLANNED: "planned recovery",
  DISASTER: "disaster recovery",
  REPROTECT: "reprotect",
  GROUP_CREATE: "creation",
  GROUP_UPDATE: "change",
  GROUP_DELETE: "deletion",
};

/** At the beginning of a sentence; of a run without a plan the name is its protection group's. */
export const runName = ({ kind, planName }: { readonly kind: RunKind; readonly planName: string }): string =>
  `The ${names[kind]} of ${kind.startsWith("GROUP_") ? "the protection group " : ""}${planName}`;
