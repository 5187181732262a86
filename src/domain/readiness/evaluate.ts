/**
 * Evaluates a plan: what previews of the three kinds of runs find, how the plan and its sites stand, what its tests have shown. The rules
 * themselves are pure; here is read what they are about, in a number of statements that does not depend on how large the plan is, nor on how many
 * are evaluated side by side.
 */
import type { Loaders } from "../loaders.ts";
import { standingOf } from "../plans/service-standing.ts";
import type { Preview, PreviewInput, Previews } from "../recoveries/service-preview.ts";
import type { ServiceContext } from "../service-context.ts";
import { together } from "../together.ts";
import type { Compared, PlanChange } from "./change.ts";
import { changesBetween } from "./changes.ts";
import { type FactsOfPlans, openFacts, type ReadinessFacts } from "./facts.ts";
import { type FindingObject, type Found, merged, recoveryTypes } from "./found.ts";
import { fromHistory } from "./from-history.ts";
import { fromPreviews, objectsOf, placesNamed } from "./from-previews.ts";
import { fromFaults, fromGroupFaults, underWay } from "./from-standing.ts";
import { askedOf, toldSteps, type UntestedStep, untestedOf } from "./untested.ts";

export interface EvaluationContext {
  readonly database: Pick<ServiceContext["database"], "pool">;
  readonly previews: Pick<Previews, "lookAhead">;
  readonly loaders: () => Loaders;
  /** How long a successful test counts, in days. */
  readonly testDays: number;
}

/** Null where something has to be put right before it can be said: what was known before holds. */
export interface Evaluation {
  readonly planName: string;
  /** The plan is being moved: nothing but that was looked at. */
  readonly isUnderWay: boolean;
  readonly found: readonly Found[];
  readonly comparedWithId: string | null;
  readonly changes: readonly PlanChange[] | null;
  readonly untested: readonly UntestedStep[] | null;
  readonly forecastRtoSeconds: number | null;
}

/** What an earlier evaluation has found out, and this one perhaps can't. */
export interface Earlier {
  readonly changes: readonly PlanChange[];
  readonly untested: readonly UntestedStep[];
  readonly forecastRtoSeconds: number | null;
}

/** What evaluations that go side by side share. */
export interface Look {
  readonly loaders: Loaders;
  readonly facts: FactsOfPlans;
  previews(planId: string): Promise<Looks>;
  readonly testDays: number;
}

export const openLook = ({ database, previews, loaders, testDays }: EvaluationContext): Look => ({
  loaders: loaders(),
  facts: openFacts(database.pool),
  previews: together<string, Looks>({
    identity: (planId) => planId,
    fetch: async (planIds) =>
      (await previews.lookAhead(planIds, looksAhead)).map((found) => (found instanceof Error ? found : looksOf(found))),
  }),
  testDays,
});

/** Null: there is no such plan any more. */
export async function evaluate(look: Look, planId: string, earlier: Earlier): Promise<Evaluation | null> {
  const { loaders } = look;
  const facts = await look.facts.plan(planId);
  if (facts === null) return null;
  const plan: FindingObject = { type: "RecoveryPlan", id: planId, name: facts.name };
  const standing = await standingOf(facts, { loaders });
  const moving = underWay(plan, standing);
  if (moving !== null) {
    const unknown = { comparedWithId: null, changes: null, untested: null, forecastRtoSeconds: null };
    return { planName: facts.name, isUnderWay: true, found: [moving], ...unknown };
  }
  const previews = await look.previews(planId);
  const compared = await compareWithTest(look, plan, facts, previews.TEST);
  const changes = compared?.changes ?? (facts.lastGoodTest === null ? [] : earlier.changes);
  const untested = await untestedNow(look, planId, previews.TEST);
  const { rtoSeconds, tree } = previews.DISASTER;
  const forecastRtoSeconds = tree === null ? earlier.forecastRtoSeconds : rtoSeconds;
  const judged = { plan, facts, changes, untested: untested ?? earlier.untested, forecastRtoSeconds, testDays: look.testDays };
  const found = [
    ...fromFaults(plan, standing),
    ...(await fromGroups(loaders, facts)),
    ...(await previewed(look, plan, facts, previews)),
    ...fromHistory(judged),
  ];
  return {
    planName: facts.name,
    isUnderWay: false,
    found: merged(toldOnce(found)),
    comparedWithId: facts.lastGoodTest?.id ?? null,
    changes,
    untested,
    forecastRtoSeconds,
  };
}

type Looks = Readonly<Record<(typeof recoveryTypes)[number], Preview>>;

/** A disaster as it would be: nothing can be synchronised, the site can't be fenced. */
const options = {
  DISASTER: { syncData: false, acceptUnfenced: true, acceptDataLoss: true, withoutSteps: true },
  PLANNED: { withoutSteps: true },
  TEST: {},
} as const satisfies Record<PreviewInput["recoveryType"], Partial<PreviewInput>>;

const looksAhead = recoveryTypes.map((recoveryType) => ({ recoveryType, ...options[recoveryType] }));

function looksOf([DISASTER, PLANNED, TEST]: readonly Preview[]): Looks {
  if (DISASTER === undefined || PLANNED === undefined || TEST === undefined) throw new RangeError("three looks give three previews");
  return { DISASTER, PLANNED, TEST };
}

/** Null: there is no successful test, its snapshot is gone, or the plan can't be looked at now. */
async function compareWithTest(
  { facts }: Look,
  plan: FindingObject,
  { lastGoodTest }: ReadinessFacts,
  { resolved, sites }: Preview,
): Promise<{ readonly changes: PlanChange[] } | null> {
  if (lastGoodTest === null || resolved === null || sites === null) return null;
  const before = await facts.testSnapshot(lastGoodTest.id);
  if (before === null) return null;
  const after: Compared = { ...sites, ...resolved, testNetworks: resolved.networks };
  return { changes: changesBetween(plan, before, after) };
}

async function untestedNow({ facts }: Look, planId: string, { tree }: Preview): Promise<UntestedStep[] | null> {
  if (tree === null) return null;
  const steps = toldSteps(tree.steps.map(({ node }) => node));
  return untestedOf(steps, await facts.exercised(planId, steps.map(askedOf)));
}

async function fromGroups(loaders: Loaders, { groupIds }: ReadinessFacts): Promise<Found[]> {
  const found = groupIds.map(async (id) => {
    const [group, faults] = await Promise.all([loaders.group.load(id), loaders.computedFaultsOfGroup.load(id)]);
    return group === null ? [] : fromGroupFaults({ type: "ProtectionGroup", id, name: group.name }, faults);
  });
  return (await Promise.all(found)).flat();
}

async function previewed({ facts: read }: Look, plan: FindingObject, facts: ReadinessFacts, looks: Looks): Promise<Found[]> {
  const previews = recoveryTypes.map((type) => looks[type]);
  const [siteId] = previews.flatMap(({ sites }) => (sites === null ? [] : [sites.recoverySite.id]));
  const names = placesNamed(previews);
  const places = siteId === undefined || names.length === 0 ? [] : await read.places(siteId, names);
  return fromPreviews(plan, previews, objectsOf(looks.DISASTER, facts, places));
}

/** What is not mapped is told by itself rather than by each VM that uses it, and what is critical not once more as a violation. */
function toldOnce(found: readonly Found[]): Found[] {
  const isUnmapped = found.some(({ code, object }) => code === "MAPPING_MISSING" && object.type !== "VirtualMachine");
  const critical = new Set(found.flatMap(({ code, object }) => (code === "RPO_CRITICAL" ? [object.id] : [])));
  return found.filter(
    ({ code, object }) =>
      !(code === "MAPPING_MISSING" && object.type === "VirtualMachine" && isUnmapped) &&
      !(code === "RPO_VIOLATION" && critical.has(object.id)),
  );
}
