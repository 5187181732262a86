/** What would happen: a run before its start. */
import { type WarningCode, warningCodes } from "../../../engine/warnings.ts";
import { builder } from "../../builder.ts";
import { computed, manyVms } from "../../cost.ts";
import { ErrorCode } from "../../error-types.ts";
import type { DomainError } from "../../errors.ts";
import { StepPhase } from "../../inventory/types-enums.ts";
import { VirtualMachineRef } from "../../inventory/types-vm.ts";
import { RecoveryPlanRef } from "../../plans/types-refs.ts";
import { PointConsistency } from "../../protection/types-enums.ts";
import { ProtectionGroupRef } from "../../protection/types-refs.ts";
import { reasons } from "../../reasons.ts";
import { SiteRef } from "../../sites/types.ts";
import type { PointFacts } from "../preview/facts.ts";
import type { Finding, FindingCode } from "../preview/findings.ts";
import type { PreviewStep } from "../preview/tree.ts";
import type { Preview } from "../service-preview.ts";
import { RecoveryType, StepStatus } from "./enums.ts";
import { pageByOrdinal } from "./step.ts";
import { StepKind } from "./step-kinds.ts";

const errorMeanings = {
  INVALID_REQUEST: "The input can't be taken as it is.",
  FORBIDDEN: "Somebody without the role asks.",
  NOT_FOUND: "Something that is named is not there.",
  CONFLICT: "Another run or the state of the plan stands in the way.",
  PRECONDITION_FAILED: "Something has to be put right first.",
  SERVICE_UNAVAILABLE: "A site that has to be asked does not answer.",
  UNAUTHORIZED: "Nobody is signed in.",
  INTERNAL_ERROR: "A fault of the gateway.",
  OTHER: "One that this release does not know; the message says what it is.",
} as const;

const isWarning = (code: string): code is WarningCode => Object.hasOwn(warningCodes, code);
const meaningOf = (code: FindingCode): string => (isWarning(code) ? warningCodes[code].meaning : { ...errorMeanings, ...reasons }[code]);
const isCode = (code: string): code is FindingCode => isWarning(code) || code in reasons || code in errorMeanings;
const codes = [...new Set([...Object.keys(warningCodes), ...Object.keys(reasons), ...Object.keys(errorMeanings)])].sort().filter(isCode);

const PreviewFindingCode = builder.enumType("PreviewFindingCode", {
  description: "What a preview has found. Expect codes that are added later; docs/codes.md lists them with what to do.",
  values: Object.fromEntries(codes.map((code) => [code, { value: code, description: meaningOf(code) }])),
});

interface Refusal {
  readonly code: DomainError["code"];
  readonly message: string;
  readonly remedy: string;
}

const PreviewRefusal = builder.objectRef<Refusal>("PreviewRefusal").implement({
  description: "What a start would be refused with: the error that its mutation would answer.",
  fields: (t) => ({
    code: t.expose("code", { type: ErrorCode, description: "What kind of error it is." }),
    message: t.exposeString("message", { description: "What is wrong, as a sentence for people." }),
    remedy: t.exposeString("remedy", { description: "What to do next, as a sentence." }),
  }),
});

const PreviewFinding = builder.objectRef<Finding>("PreviewFinding").implement({
  description: "Something that a preview has found.",
  fields: (t) => ({
    code: t.expose("code", { type: PreviewFindingCode, description: "What it is, for programs." }),
    object: t.exposeString("object", {
      nullable: true,
      description: "What it is about, by name: a VM, a group, a datastore, a command; null: the plan, or what the message names.",
    }),
    message: t.exposeString("message", { description: "What is found, as a sentence." }),
    remedy: t.exposeString("remedy", { description: "What to do about it, as a sentence." }),
  }),
});

const PreviewPoint = builder.objectRef<PointFacts>("PreviewPoint").implement({
  description: "The recovery point of a group that would be used if nothing were synchronised first. (Reference: Recovery Points.)",
  fields: (t) => ({
    groupName: t.exposeString("groupName", { description: "The group's name." }),
    protectionGroup: t.field({
      type: ProtectionGroupRef,
      nullable: true,
      description: "The group.",
      resolve: ({ groupId }, _args, { loaders }) => loaders.group.load(groupId),
    }),
    takenAt: t.expose("takenAt", {
      type: "DateTime",
      nullable: true,
      description: "The moment whose data it holds; null: there is no point.",
    }),
    consistency: t.expose("consistency", { type: PointConsistency, nullable: true, description: "How clean its data is; null: no point." }),
    ageSeconds: t.int({
      nullable: true,
      description: "How much would be lost, in seconds: its age now, or at the last good heartbeat of a site that is DISCONNECTED.",
      resolve: ({ ageSeconds }) => (ageSeconds === null ? null : Math.round(ageSeconds)),
    }),
    rpoMinutes: t.exposeInt("rpoMinutes", { description: "The group's RPO, in minutes." }),
  }),
});

const wholeSeconds = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds));

const PreviewStepType = builder.objectRef<PreviewStep>("PreviewStep").implement({
  description: "A step that the run would have. (Reference: step_results.)",
  fields: (t) => ({
    number: t.string({ description: 'Its place in the tree: "3", "3.2", "3.2.1".', resolve: ({ node }) => node.path }),
    ordinal: t.int({ description: "Its position in the whole run, from 1, depth first.", resolve: ({ node }) => node.ordinal }),
    depth: t.int({ description: "How deep in the tree, from 1.", resolve: ({ node }) => node.path.split(".").length }),
    key: t.string({ description: "The same for this step in every run of the plan.", resolve: ({ node }) => node.key }),
    kind: t.field({ type: StepKind, description: "What it does.", resolve: ({ node }) => node.kind }),
    name: t.string({ description: "What it is called.", resolve: ({ node }) => node.name }),
    phase: t.field({
      type: StepPhase,
      nullable: true,
      description: "Before or after the power-on; null where that means nothing.",
      resolve: ({ node }) => node.phase,
    }),
    status: t.expose("status", {
      type: StepStatus,
      description: "How it would stand at the start: PENDING, SKIPPED, WARNING where its site can't be asked, or ALREADY_DONE in a rerun.",
    }),
    message: t.exposeString("message", {
      nullable: true,
      description: "Why it stands so: what leaves it out, or how an earlier run has done it; null: it is PENDING.",
    }),
    expectedSeconds: t.int({
      description:
        "How long it may take: the median of the plan's last runs that had it, else by its kind; of a container, the longest way through it.",
      resolve: ({ node }) => Math.round(node.expectedSeconds),
    }),
    expectedStartSeconds: t.int({
      nullable: true,
      description: "When it may start, in seconds from the run's start; null: it does nothing.",
      resolve: ({ expectedStart }) => wholeSeconds(expectedStart),
    }),
    expectedEndSeconds: t.int({
      nullable: true,
      description: "When it may end, in seconds from the run's start; null: it does nothing.",
      resolve: ({ expectedEnd }) => wholeSeconds(expectedEnd),
    }),
    onCriticalPath: t.boolean({
      description: "The run can't be over sooner unless this step is.",
      resolve: ({ node }) => node.onCriticalPath,
    }),
    after: t.intList({
      description: "Ordinals of the steps that have to be over before it, however they end.",
      resolve: ({ node }) => [...node.after],
    }),
    needs: t.intList({ description: "Ordinals of the steps that have to end well before it.", resolve: ({ node }) => [...node.needs] }),
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM that it acts on.",
      resolve: ({ node: { vmId } }, _args, { loaders }) => (vmId === null ? null : loaders.vm.load(vmId)),
    }),
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site that it acts at.",
      resolve: ({ node: { siteId } }, _args, { loaders }) => (siteId === null ? null : loaders.site.load(siteId)),
    }),
  }),
});

const PreviewStepConnection = builder.connectionObject(
  { type: PreviewStepType, name: "PreviewStepConnection", description: "A page of a preview's steps." },
  { name: "PreviewStepEdge", description: "A step in a page." },
);

export const RecoveryPreview = builder.objectRef<Preview>("RecoveryPreview").implement({
  description: "What a start with the same input would do now. Nothing is written and nothing is started.",
  fields: (t) => ({
    plan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: "The plan.",
      resolve: ({ planId }, _args, { loaders }) => loaders.plan.load(planId),
    }),
    recoveryType: t.expose("recoveryType", { type: RecoveryType, description: "What kind of recovery it would be." }),
    allowed: t.boolean({ description: "A start would be taken now.", resolve: ({ refusals }) => refusals.length === 0 }),
    refusals: t.field({
      type: [PreviewRefusal],
      description: "What a start would be refused with: the first now, the others once that one is put right. Empty when it is allowed.",
      // Plain objects: graphql takes an instance of Error in a result for a failure of the field.
      resolve: ({ refusals }) => refusals.map(({ code, message, remedy }) => ({ code, message, remedy })),
    }),
    blockers: t.field({
      type: [PreviewFinding],
      description:
        "What has to be put right: what the start would be refused for, by object, and what would fail on the way (programs, secrets, addresses, memory, datastores). The latter does not keep a run from being started.",
      resolve: ({ blockers }) => [...blockers],
    }),
    warnings: t.field({
      type: [PreviewFinding],
      description: "What somebody should know before the start.",
      resolve: ({ warnings }) => [...warnings],
    }),
    recoveryPoints: t.field({
      type: [PreviewPoint],
      description: "The points of the plan's groups, by name.",
      resolve: ({ points }) => [...points],
    }),
    expectedSeconds: t.int({
      nullable: true,
      description:
        "How long the run may take, in seconds, with every prompt answered as fast as in past runs, or after a minute; null: there is no tree.",
      resolve: ({ tree }) => wholeSeconds(tree?.expectedSeconds ?? null),
    }),
    expectedRtoSeconds: t.exposeInt("rtoSeconds", {
      nullable: true,
      description:
        "From the request (of a rerun, the first one) to the last VM's being ready, in seconds; null: no VM is powered on, or no tree.",
    }),
    expectedRpoSeconds: t.exposeInt("rpoSeconds", {
      nullable: true,
      description:
        "How much may be lost, in seconds: 0 where everything is synchronised first; of a disaster recovery, and without synchronising, the age of the oldest point. Null: a group has none.",
    }),
    criticalPath: t.field({
      type: [PreviewStepType],
      description: "The chain of steps that decides how long the run takes, with as many effects at once as a site takes.",
      cost: manyVms,
      resolve: ({ tree }) => [...(tree?.criticalPath ?? [])],
    }),
    steps: t.field({
      type: PreviewStepConnection,
      description:
        "All steps of the tree in one list, a parent before its children; empty while something in the plan has to be put right.",
      cost: computed,
      args: {
        first: t.arg.int({ description: "How many, 1 to 500; 25 by default." }),
        after: t.arg.string({ description: "Only what comes behind this cursor." }),
      },
      resolve: ({ tree, planId }, page) => pageByOrdinal(tree?.steps ?? [], page, ({ node }) => ({ id: planId, ordinal: node.ordinal })),
    }),
  }),
});
