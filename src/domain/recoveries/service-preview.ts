/** What a start would do now: the tree, how long it takes, the points, and what stands in the way. Writes nothing. */
import { setImmediate as turn } from "node:timers/promises";
import type pg from "pg";
import { inSnapshot } from "../../database/transaction.ts";
import { CompileError } from "../../engine/compile.ts";
import { loadEarlierSteps } from "../../engine/records.ts";
import type { RisingSnapshot, RunWarning } from "../../engine/run-snapshot.ts";
import { ConflictError, DomainError, ServiceUnavailableError } from "../errors.ts";
import type { ServiceContext } from "../service-context.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import { type PointFacts, readPoints, readSecondsSinceRequest, readSiteFacts } from "./preview/facts.ts";
import { different, type Finding, finding, ofFault, ofRefusal, ofWarning } from "./preview/findings.ts";
import { placeFindings } from "./preview/places.ts";
import { programFindings } from "./preview/programs.ts";
import { roomFindings } from "./preview/room.ts";
import { type PreviewTree, previewTree } from "./preview/tree.ts";
import { checkDataWanted } from "./recovery-point.ts";
import { roleFor } from "./service/control-refusals.ts";
import { type PlanFacts, planFacts } from "./service/facts.ts";
import { faultsRefusal } from "./service/faults.ts";
import { type LockedPlan, readPlan } from "./service/open-runs.ts";
import { disasterRefusal, plannedRefusal } from "./service/recovery-refusals.ts";
import { testRefusal } from "./service/refusals.ts";
import { targetNetworksOf, testNetworksOf } from "./snapshot/mappings.ts";
import { readPlanRows } from "./snapshot/read.ts";
import { type ResolvedPlan, resolvePlan } from "./snapshot/resolve.ts";
import type { PlanRows } from "./snapshot/rows.ts";
import type { RunDraft } from "./start/draft.ts";
import { type PreparedRecovery, prepareRecovery, recoveryDraft } from "./start/recovery.ts";
import type { PlanSites } from "./start/sites.ts";
import { type PreparedTest, prepareTest, testDraft } from "./start/test.ts";
import type { StartInput } from "./start.ts";

export type PreviewInput = Omit<StartInput, "notes" | "idempotencyKey"> & { readonly shutdownSourceVms?: boolean | null | undefined };
export type PreviewContext = Pick<ServiceContext, "providers" | "scriptsDir" | "secretsDir" | "slotsPerSite"> & {
  readonly database: Pick<ServiceContext["database"], "pool">;
};

export interface Preview {
  readonly planId: string;
  /** Where it would go; null: nothing could be asked. */
  readonly sites: PlanSites | null;
  /** The plan as the run would find it, whatever stands in its way; null: as for the sites. */
  readonly resolved: ResolvedPlan | null;
  readonly recoveryType: StartInput["recoveryType"];
  /** What a start would be refused with, the first first; empty: it would be taken. */
  readonly refusals: readonly DomainError[];
  readonly blockers: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly points: readonly PointFacts[];
  /** Null: there is none while something has to be put right first. */
  readonly tree: PreviewTree | null;
  /** From the first request to the last VM's being ready. */
  readonly rtoSeconds: number | null;
  readonly rpoSeconds: number | null;
}

export interface Previews {
  /** Rejects with a DomainError for input that can't be taken, a plan that there is not, and without the role. */
  preview(viewer: Viewer, input: PreviewInput): Promise<Preview>;
  /** The same for the gateway itself, which nobody has asked: several kinds of runs of one plan, at one moment and in their order. */
  lookAhead(planId: string, inputs: readonly Omit<PreviewInput, "planId">[]): Promise<Preview[]>;
}

export const createPreviews = (context: PreviewContext): Previews => ({
  async preview(viewer, input) {
    checkDataWanted(input);
    requireRole(viewer, roleFor(input.recoveryType));
    return only(await look(context, viewer, input.planId, [input]));
  },
  lookAhead: (planId, inputs) => look(context, { name: "the gateway" }, planId, inputs),
});

function only(previews: readonly Preview[]): Preview {
  const [preview] = previews;
  if (preview === undefined) throw new RangeError("one look gives one preview");
  return preview;
}

const refusalOf = { TEST: testRefusal, PLANNED: plannedRefusal, DISASTER: disasterRefusal } as const;

/** What a plan is at one moment, whatever kind of run is looked at. */
interface PlanNow {
  readonly facts: PlanFacts;
  readonly plan: LockedPlan;
  readonly rows: PlanRows;
}

async function look(
  context: PreviewContext,
  viewer: Pick<Viewer, "name">,
  planId: string,
  inputs: readonly Omit<PreviewInput, "planId">[],
): Promise<Preview[]> {
  // Side by side: a site that does not answer is waited for once.
  const asked = await Promise.all(
    inputs.map(async (one) => {
      const input: PreviewInput = { ...one, planId };
      return { input, work: await drafting(context, viewer, input) };
    }),
  );
  const read = await inSnapshot(context.database.pool, async (client) => {
    const facts = await planFacts(client, planId);
    const plan = await readPlan(client, planId);
    const now = { facts, plan, rows: await readPlanRows(client, plan) };
    const views: View[] = [];
    for (const { input, work } of asked) views.push(await preview(context, client, now, input, work));
    return views;
  });
  const previews: Preview[] = [];
  for (const view of read) {
    previews.push(view());
    await turn(); // others have waited for it
  }
  return previews;
}

/** Everything has been read. Making a tree of thousands of steps takes seconds, for which no transaction stays open. */
type View = () => Preview;

async function preview(
  context: PreviewContext,
  client: pg.ClientBase,
  { facts, plan, rows }: PlanNow,
  input: PreviewInput,
  work: Drafting | DomainError,
): Promise<View> {
  const refusal = refusalOf[input.recoveryType](facts);
  const refusals = refusal === null ? [] : [refusal];
  const draft = work instanceof DomainError ? work : await work.draft(client, plan, rows).catch(conflictOnly);
  if (work instanceof DomainError || draft instanceof DomainError) {
    const points = await readPoints(client, plan.id, new Map(), null);
    return () => withoutDraft(input, [...refusals, ...(draft instanceof DomainError ? [draft] : [])], points);
  }
  return shown(context, client, { input, refusals, prepared: work.prepared, draft });
}

/** Groups of two directions can't be drafted. */
function conflictOnly(error: unknown): ConflictError {
  if (error instanceof ConflictError) return error;
  throw error;
}

interface Drafting {
  readonly prepared: PreparedTest | PreparedRecovery;
  draft(client: pg.ClientBase, plan: LockedPlan, rows: PlanRows): Promise<RunDraft>;
}

/** Asks the sites, outside of the transaction. An error: the recovery site does not answer, and nothing can be said without it. */
async function drafting(context: PreviewContext, viewer: Pick<Viewer, "name">, input: PreviewInput): Promise<Drafting | DomainError> {
  const { recoveryType, planId } = input;
  try {
    if (recoveryType === "TEST") {
      const prepared = await prepareTest(context, planId);
      return { prepared, draft: (client, plan, rows) => testDraft(client, plan, input, prepared, rows) };
    }
    const wish = { ...input, recoveryType };
    const prepared = await prepareRecovery(context, wish);
    return { prepared, draft: (client, plan, rows) => recoveryDraft(client, plan, viewer, wish, prepared, rows) };
  } catch (error) {
    if (error instanceof ServiceUnavailableError) return error;
    throw error;
  }
}

const withoutDraft = (
  { planId, recoveryType }: PreviewInput,
  refusals: readonly DomainError[],
  points: readonly PointFacts[],
): Preview => ({
  planId,
  sites: null,
  resolved: null,
  recoveryType,
  refusals,
  blockers: refusals.map(ofRefusal),
  warnings: [],
  points,
  tree: null,
  rtoSeconds: null,
  rpoSeconds: null,
});

interface Shown {
  readonly input: PreviewInput;
  readonly refusals: readonly DomainError[];
  readonly prepared: PreparedTest | PreparedRecovery;
  readonly draft: RunDraft;
}

async function shown(context: PreviewContext, client: pg.ClientBase, { input, refusals, prepared, draft }: Shown): Promise<View> {
  const { result, rows, options } = draft;
  const { recoveryType, planId } = input;
  const faults = "faults" in result ? result.faults : [];
  const { sites, asked } = prepared;
  const networks = (recoveryType === "TEST" ? testNetworksOf : targetNetworksOf)(rows.networkMappings);
  const plan = resolvePlan({ rows, networks, recoverySite: asked.recoverySite, options });
  const { vms } = plan;
  const addresses = vms.flatMap((vm) => (vm.addresses ?? []).flatMap(({ ip }) => ip ?? []));
  const facts = await readSiteFacts(client, { planId, recoverySiteId: sites.recoverySite.id, addresses });
  const needsSource = recoveryType === "PLANNED" && input.shutdownSourceVms !== false;
  const room = roomFindings({ vms, facts, isTest: recoveryType === "TEST", powerOnVms: options.powerOnVms, needsSource });
  const programs = await programFindings(rows, { kind: recoveryType, options }, context);
  const away = sites.protectedSite.state === "DISCONNECTED";
  const points = await readPoints(client, planId, draft.points, away ? sites.protectedSite.heartbeatAt : null);
  const makeTree = "snapshot" in result ? await treeOf(context, client, result.snapshot) : () => null;
  return () => {
    const made = makeTree();
    const tree = made === null || "cycle" in made ? null : made;
    // A fault that the plan's own refusal tells as well is told once, by object.
    const known = new Set<string>(faults.map(({ code }) => code));
    const before = [...refusals, ...draft.refusals].map(ofRefusal).filter(({ code }) => !known.has(code));
    return {
      planId,
      sites,
      resolved: plan,
      recoveryType,
      refusals: [...refusals, ...draft.refusals, ...(faults.length > 0 ? [faultsRefusal(faults)] : [])],
      blockers: different([
        ...before,
        ...faults.map(ofFault),
        ...(made !== null && "cycle" in made ? [made.cycle] : []),
        ...placeFindings({ ...plan, facts }),
        ...programs,
        ...room.blockers,
      ]),
      warnings: different([...warningsOf(tree?.warnings ?? plan.warnings, input), ...points.flatMap(lagOf), ...room.warnings]),
      points,
      tree,
      rtoSeconds: tree?.readySeconds == null ? null : Math.round(tree.sinceRequest + tree.readySeconds),
      rpoSeconds: rpoOf(points, recoveryType !== "DISASTER" && options.syncData),
    };
  };
}

type RerunTree = PreviewTree & { readonly sinceRequest: number };

async function treeOf(
  { slotsPerSite }: PreviewContext,
  client: pg.ClientBase,
  snapshot: RisingSnapshot,
): Promise<() => RerunTree | { readonly cycle: Finding }> {
  const rerunOf = "rerunOf" in snapshot ? snapshot.rerunOf : null;
  const earlier = rerunOf === null ? [] : await loadEarlierSteps(client, rerunOf);
  const sinceRequest = await readSecondsSinceRequest(client, rerunOf);
  return () => {
    try {
      // As the engine will read it.
      const stored: RisingSnapshot = JSON.parse(JSON.stringify(snapshot));
      return { ...previewTree({ snapshot: stored, earlier, slotsPerSite }), sinceRequest };
    } catch (error) {
      if (error instanceof CompileError) return { cycle: finding("DEPENDENCY_CYCLE", snapshot.plan.name, error.message) };
      throw error;
    }
  };
}

/** Nobody has accepted anything by looking. */
const warningsOf = (warnings: readonly RunWarning[], { acceptUnfenced }: PreviewInput): Finding[] =>
  warnings.filter(({ code }) => code !== "UNFENCED" || acceptUnfenced === true).map(ofWarning);

function lagOf({ groupName, rpoMinutes, newestAgeSeconds }: PointFacts): Finding[] {
  if (newestAgeSeconds === null || newestAgeSeconds <= rpoMinutes * 60) return [];
  const minutes = Math.floor(newestAgeSeconds / 60);
  const message = `The newest complete recovery point of ${groupName} is ${minutes} minutes old, and its RPO is ${rpoMinutes} minutes.`;
  return [finding("RPO_VIOLATION", groupName, message)];
}

/** Nothing is lost where everything is synchronised first; a disaster recovery can't count on that. */
function rpoOf(points: readonly PointFacts[], synchronised: boolean): number | null {
  if (synchronised) return 0;
  const ages = points.map(({ ageSeconds }) => ageSeconds);
  return ages.length === 0 || ages.includes(null) ? null : Math.round(Math.max(...ages.map((age) => age ?? 0)));
}
