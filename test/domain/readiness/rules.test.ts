/** Each rule of a plan's readiness: it is made true, found with its remedy, mended as the remedy says, and found no more. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "../../../src/domain/readiness/rules.ts";
import { at, list } from "../read/support.ts";
import { type Case, type Opened, settingsCases } from "./cases.ts";
import { groupCases } from "./cases-groups.ts";
import { replicationCases, siteCases } from "./cases-sites.ts";
import { testCases } from "./cases-tests.ts";
import { evaluations } from "./evaluation.ts";
import { aReadinessStage, type Finding, type ReadinessStage } from "./stage.ts";

let stage: ReadinessStage;
beforeAll(async () => {
  stage = await aReadinessStage();
  await stage.replicated();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const planOf = ({ plan = "shop" }: Opened) => plan;
const isOf =
  ({ code, object, plan = "shop" }: Opened) =>
  (finding: Finding) =>
    finding.code === code && finding.objectName === (object ?? ["RecoveryPlan", plan])[1];

/** The findings of the rules, each plan evaluated and read once. */
async function evaluated(opens: readonly Opened[], filter: object): Promise<Map<Opened, readonly Finding[]>> {
  const found = new Map<Opened, readonly Finding[]>();
  for (const [plan, some] of Map.groupBy(opens, planOf)) {
    await stage.evaluate(plan);
    const all = await stage.findings(filter, plan);
    for (const one of some) found.set(one, all);
  }
  return found;
}

async function holds({ opens, make, follow }: Case): Promise<void> {
  await make(stage);
  const open = await evaluated(opens, { open: true });
  const found = opens.map((one) => {
    const [first] = (open.get(one) ?? []).filter(isOf(one));
    const { code, severity, object: [objectType] = ["RecoveryPlan"], remedy } = one;
    const others = open.get(one)?.map((other) => `${other.code} ${other.objectName}`);
    expect(first, `${code} among ${others?.join(", ")}`).toMatchObject({ severity, objectType });
    expect(first?.remedy).toMatch(remedy);
    expect(first?.message).toMatch(/\.$/);
    return first;
  });
  const known = found.filter((one) => one?.objectId);
  const nodes = await stage.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", { ids: known.map((one) => one?.objectId) });
  expect(list(nodes, "nodes").map((node) => at(node, "__typename"))).toEqual(known.map((one) => one?.objectType));
  await follow(stage);
  const after = await evaluated(opens, {});
  for (const [nth, one] of opens.entries()) {
    const [resolved, ...others] = (after.get(one) ?? []).filter(isOf(one));
    expect(resolved, one.code).toMatchObject({ openedAt: found[nth]?.openedAt, resolvedAt: expect.any(String) });
    expect(others.filter(({ resolvedAt }) => resolvedAt === null)).toEqual([]);
  }
}

const otherCases = [...settingsCases, ...siteCases, ...groupCases, ...replicationCases];
const cases = [...testCases, ...otherCases];
const titled = (some: readonly Case[]) => some.map((one) => [title(one), one] as const);
const title = ({ opens }: Case) =>
  opens.map(({ code, object, severity }) => `${code}${object ? ` of ${object[1]}` : ""}, a ${severity}`).join("; ");

describe("an evaluation", () => evaluations(() => stage));

/** The plan's newest test once more, so many times, without its steps: tests that left commands out, and stay short. */
const laterTests = (count: number) =>
  stage.sql(
    `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, result_state, options, initiated_by, requested_at, started_at, ended_at)
      SELECT gen_random_uuid(), r.plan_id, r.plan_name, r.pairing_id, r.kind, r.state, r.result_state, r.options, 'later',
        r.requested_at + n * interval '1 ms', r.started_at, r.ended_at
      FROM (SELECT r.* FROM recovery r WHERE r.plan_name = 'shop' AND r.kind = 'TEST' ORDER BY r.requested_at DESC LIMIT 1) r, generate_series(1, $1::int4) n`,
    count,
  );

describe("a rule opens a finding with its remedy, and following that resolves it", () => {
  it.each(titled(testCases))("%s", (_title, one) => holds(one));

  it("a step is tested by a successful test that ran it, however many came later that left commands out", async () => {
    const steps = async () => {
      await stage.evaluate();
      const query = "query ($id: ID!) { recoveryPlan(id: $id) { untestedSteps { name reason } } }";
      return list(await stage.ask(query, { id: stage.id("RecoveryPlan", "shop") }), "recoveryPlan.untestedSteps");
    };
    await laterTests(25);
    expect(await steps()).toEqual([]);
    await stage.sql("UPDATE recovery SET result_state = 'PARTIAL' WHERE plan_name = 'shop' AND kind = 'TEST' AND initiated_by <> 'later'");
    expect(await steps()).toEqual([{ name: "tell", reason: "NEVER_RUN" }]);
    await stage.sql("UPDATE recovery SET result_state = 'SUCCESS' WHERE plan_name = 'shop' AND kind = 'TEST'");
    await stage.sql("DELETE FROM recovery WHERE initiated_by = 'later'");
  });

  it.each(titled(otherCases))("%s", (_title, one) => holds(one));

  it("and there is no rule without a case", () => {
    const covered = cases.flatMap(({ opens }) => opens.map(({ code }) => code));
    expect([...new Set<string>([...covered, "OTHER"])].sort()).toEqual(Object.keys(rules).sort());
  });
});
