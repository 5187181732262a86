/** Each rule of a plan's readiness: it is made true, found with its remedy, mended as the remedy says, and found no more. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "../../../src/domain/readiness/rules.ts";
import { at } from "../read/support.ts";
import { type Case, settingsCases, tests } from "./cases.ts";
import { groupCases } from "./cases-groups.ts";
import { siteCases } from "./cases-sites.ts";
import { evaluations } from "./evaluation.ts";
import { aReadinessStage, type ReadinessStage } from "./stage.ts";

let stage: ReadinessStage;
beforeAll(async () => {
  stage = await aReadinessStage();
  await stage.replicated();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

async function holds({ code, plan = "shop", severity, object = ["RecoveryPlan", plan], make, remedy, follow }: Case): Promise<void> {
  const [objectType, objectName] = object;
  const isIt = (finding: { readonly code: string; readonly objectName: string }) =>
    finding.code === code && finding.objectName === objectName;
  await make(stage);
  await stage.evaluate(plan);
  const open = await stage.findings({ open: true }, plan);
  const found = open.find(isIt);
  expect(found, `${code} among ${open.map((one) => `${one.code} ${one.objectName}`).join(", ")}`).toMatchObject({ severity, objectType });
  expect(found?.remedy).toMatch(remedy);
  expect(found?.message).toMatch(/\.$/);
  if (found?.objectId)
    expect(at(await stage.ask("query ($id: ID!) { node(id: $id) { __typename } }", { id: found.objectId }), "node.__typename")).toBe(
      objectType,
    );
  await follow(stage);
  await stage.evaluate(plan);
  const [resolved, ...others] = (await stage.findings({ code }, plan)).filter(isIt);
  expect(resolved).toMatchObject({ openedAt: found?.openedAt, resolvedAt: expect.any(String) });
  expect(others.filter(({ resolvedAt }) => resolvedAt === null)).toEqual([]);
}

const title = ({ code, object, severity }: Case) => `${code}${object ? ` of ${object[1]}` : ""}, a ${severity}`;
const named = (cases: readonly Case[]) => cases.map((one) => [title(one), one] as const);

describe("an evaluation", () => evaluations(() => stage));

describe("a rule opens a finding with its remedy, and following that resolves it", () => {
  it.each(named([...tests, ...settingsCases, ...siteCases, ...groupCases]))("%s", (_title, one) => holds(one));

  it("and there is no rule without a case", () => {
    const covered = [...tests, ...settingsCases, ...siteCases, ...groupCases].map(({ code }) => code);
    expect([...new Set<string>([...covered, "SPLIT_BRAIN", "OTHER"])].sort()).toEqual(Object.keys(rules).sort());
  });
});
