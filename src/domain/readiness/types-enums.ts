import { builder } from "../builder.ts";
import { changeKinds } from "./change.ts";
import { isReadinessCode, rules } from "./rules.ts";
import { untestedReasons } from "./untested.ts";

export const PlanReadiness = builder.enumType("PlanReadiness", {
  description: "Whether a plan would recover what it is for, by all that is known now.",
  values: {
    UNKNOWN: { description: "It has not been evaluated yet; a new plan is within seconds." },
    READY: { description: "Nothing was found." },
    AT_RISK: {
      description: "There are warnings: a disaster recovery would be taken, and something about it is not proven or not as it should be.",
    },
    NOT_READY: {
      description: "There is a blocker: a disaster recovery would be refused, fail on its way, or lose more than three times the RPO.",
    },
  } as const,
});

export const ReadinessSeverity = builder.enumType("ReadinessSeverity", {
  description: "How bad something is for a plan's readiness.",
  values: {
    BLOCKER: { description: "A disaster recovery would be refused, fail on its way, or lose more than three times the RPO." },
    WARNING: {
      description: "Only a planned recovery or a test would be refused or fail, or something is not proven or not as it should be.",
    },
  } as const,
});

/** What a newer release may have written is OTHER. */
export const codeOf = (code: string) => (isReadinessCode(code) ? code : "OTHER");

export const ReadinessCode = builder.enumType("ReadinessCode", {
  description: "What an evaluation finds. Expect codes that are added later; docs/readiness.md lists them with what to do.",
  values: Object.fromEntries(
    Object.keys(rules)
      .filter(isReadinessCode)
      .map((code) => [code, { value: code, description: rules[code].meaning }]),
  ),
});

const described = <K extends string>(meanings: Readonly<Record<K, string>>, isKey: (key: string) => key is K) =>
  Object.fromEntries(
    Object.keys(meanings)
      .filter(isKey)
      .map((key) => [key, { value: key, description: meanings[key] }]),
  );

export const PlanChangeKind = builder.enumType("PlanChangeKind", {
  description: "What of a plan has changed since its last successful test. Expect kinds that are added later.",
  values: described(changeKinds, (key): key is keyof typeof changeKinds => key in changeKinds),
});

export const PlanChangeType = builder.enumType("PlanChangeType", {
  description: "What became of it.",
  values: {
    ADDED: { description: "The tested plan did not have it." },
    REMOVED: { description: "The tested plan had it." },
    CHANGED: { description: "It was otherwise in the tested plan." },
  } as const,
});

export const UntestedReason = builder.enumType("UntestedReason", {
  description: "Why no successful test has shown a step to work.",
  values: described(untestedReasons, (key): key is keyof typeof untestedReasons => key in untestedReasons),
});
