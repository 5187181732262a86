/** One kind of run of one plan: everything is read inside of a transaction, and made into what is shown after it. */
import type pg from "pg";
import { CompileError } from "../../../engine/compile.ts";
import { leanly } from "../../../engine/lean-heap.ts";
import { inTurns, type TurnOptions } from "../../../engine/pieces.ts";
import { loadEarlierSteps } from "../../../engine/records.ts";
import type { RisingSnapshot, RunWarning } from "../../../engine/run-snapshot.ts";
import { ConflictError, DomainError } from "../../errors.ts";
import type { PlanFacts } from "../service/facts.ts";
import { faultsRefusal } from "../service/faults.ts";
import type { LockedPlan } from "../service/open-runs.ts";
import { disasterRefusal, plannedRefusal } from "../service/recovery-refusals.ts";
import { testRefusal } from "../service/refusals.ts";
import type { Preview, PreviewContext, PreviewInput } from "../service-preview.ts";
import type { PlanRows } from "../snapshot/rows.ts";
import type { RunDraft } from "../start/draft.ts";
import type { PreparedRecovery } from "../start/recovery.ts";
import type { PreparedTest } from "../start/test.ts";
import type { PointFacts } from "./facts.ts";
import { different, type Finding, finding, ofFault, ofRefusal, ofWarning } from "./findings.ts";
import { placeFindings } from "./places.ts";
import { programFindings } from "./programs.ts";
import { type PreviewFacts, readSecondsSinceRequest } from "./read.ts";
import { roomFindings } from "./room.ts";
import { type PreviewTree, previewTree } from "./tree.ts";

const refusalOf = { TEST: testRefusal, PLANNED: plannedRefusal, DISASTER: disasterRefusal } as const;

/** What a plan is at one moment, whatever kind of run is looked at. */
export interface PlanNow {
  readonly facts: PlanFacts;
  readonly plan: LockedPlan;
  readonly rows: PlanRows;
}

/** What previews are read by. */
export interface Reading {
  readonly context: PreviewContext;
  readonly client: pg.ClientBase;
  readonly facts: PreviewFacts;
}

/** Everything has been read. Making a tree of thousands of steps takes seconds, for which no transaction stays open. */
export type View = (how: TurnOptions) => Promise<Preview>;

export async function readView(
  reading: Reading,
  { facts, plan, rows }: PlanNow,
  input: PreviewInput,
  work: Drafting | DomainError,
): Promise<View> {
  const refusal = refusalOf[input.recoveryType](facts);
  const refusals = refusal === null ? [] : [refusal];
  const draft = work instanceof DomainError ? work : await work.draft(reading.client, plan, rows).catch(conflictOnly);
  if (work instanceof DomainError || draft instanceof DomainError) {
    const points = await reading.facts.points({ planId: plan.id, points: new Map(), lastHeardAt: null });
    return async () => withoutDraft(input, [...refusals, ...(draft instanceof DomainError ? [draft] : [])], points);
  }
  return shown(reading, { input, refusals, prepared: work.prepared, draft });
}

/** Groups of two directions can't be drafted. */
function conflictOnly(error: unknown): ConflictError {
  if (error instanceof ConflictError) return error;
  throw error;
}

export interface Drafting {
  readonly prepared: PreparedTest | PreparedRecovery;
  draft(client: pg.ClientBase, plan: LockedPlan, rows: PlanRows): Promise<RunDraft>;
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

async function shown({ context, client, facts: read }: Reading, { input, refusals, prepared, draft }: Shown): Promise<View> {
  const { result, rows, options } = draft;
  const { recoveryType, planId } = input;
  const faults = "faults" in result ? result.faults : [];
  const { sites } = prepared;
  const { plan } = result;
  const { vms } = plan;
  const addresses = vms.flatMap((vm) => (vm.addresses ?? []).flatMap(({ ip }) => ip ?? []));
  const away = sites.protectedSite.state === "DISCONNECTED";
  const points = await read.points({ planId, points: draft.points, lastHeardAt: away ? sites.protectedSite.heartbeatAt : null });
  const facts = await read.site({ planId, siteId: sites.recoverySite.id, addresses });
  const needsSource = recoveryType === "PLANNED" && input.shutdownSourceVms !== false;
  const room = roomFindings({ vms, facts, isTest: recoveryType === "TEST", powerOnVms: options.powerOnVms, needsSource });
  const makeTree = "snapshot" in result ? await treeOf(context, client, result.snapshot) : () => Promise.resolve(null);
  const programs = await programFindings(rows, { kind: recoveryType, options }, context);
  return async (how) => {
    const made = await makeTree(how);
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
      tree: tree !== null && input.withoutSteps === true ? { ...tree, steps: [], criticalPath: [] } : tree,
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
): Promise<(how: TurnOptions) => Promise<RerunTree | { readonly cycle: Finding }>> {
  const rerunOf = "rerunOf" in snapshot ? snapshot.rerunOf : null;
  const earlier = rerunOf === null ? [] : await loadEarlierSteps(client, rerunOf);
  const sinceRequest = await readSecondsSinceRequest(client, rerunOf);
  return async (how) => {
    try {
      return { ...(await leanly(snapshot, () => inTurns(previewTree({ snapshot, earlier, slotsPerSite }), how))), sinceRequest };
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
