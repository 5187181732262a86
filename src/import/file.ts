/** The import file as a whole. Every list may be left out; what is not named stays as it is. */
import { z } from "zod";
import { object } from "./fields.ts";
import { pairing, site } from "./file-inventory.ts";
import { protectionGroup, recoveryPlan, vmSettings } from "./file-plans.ts";
import type { Problem } from "./problem.ts";

const file = object({
  version: z.literal(1, { error: "The file's version is 1." }),
  sites: z.array(site).default([]),
  pairings: z.array(pairing).default([]),
  protectionGroups: z.array(protectionGroup).default([]),
  recoveryPlans: z.array(recoveryPlan).default([]),
  vmSettings: z.array(vmSettings).default([]),
});

export type ImportFile = z.infer<typeof file>;

export function parseFile(content: unknown): { readonly file: ImportFile } | { readonly problems: readonly Problem[] } {
  const parsed = file.safeParse(content);
  if (parsed.success) return { file: parsed.data };
  return { problems: parsed.error.issues.flatMap(problemsOf) };
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  // An unknown field is found at its key, each of several at its own.
  if (issue.code === "unrecognized_keys" && issue.keys.length > 0)
    return [{ path: [...path, issue.keys[0] ?? ""], message: issue.message }];
  return [{ path, message: issue.message }];
}
