/** How ready a plan is, what was found, and what its tests have not shown. */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { encodeId } from "../ids.ts";
import { VirtualMachineRef } from "../inventory/types-vm.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { RecoveryType } from "../recoveries/types/enums.ts";
import { StepKind } from "../recoveries/types/step-kinds.ts";
import type { PlanChange } from "./change.ts";
import type { FindingObject } from "./found.ts";
import type { FindingRow } from "./loaders.ts";
import { codeOf, PlanChangeKind, PlanChangeType, ReadinessCode, ReadinessSeverity, UntestedReason } from "./types-enums.ts";
import type { UntestedStep } from "./untested.ts";

const idOfObject = ({ type, id }: Pick<FindingObject, "type" | "id">): string | null => (id === null ? null : encodeId(type, id));

export const ReadinessFindingRef = builder.objectRef<Readonly<FindingRow>>("ReadinessFinding");

builder.node(ReadinessFindingRef, {
  description: "Something that keeps a plan from being READY, from when an evaluation found it to when one found it no more.",
  id: { resolve: ({ id }) => id, description: "Global id of the finding." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.readinessFinding.loadMany(ids)),
  fields: (t) => ({
    plan: t.field({
      type: RecoveryPlanRef,
      nullable: true,
      description: "The plan.",
      resolve: ({ planId }, _args, { loaders }) => loaders.plan.load(planId),
    }),
    severity: t.expose("severity", { type: ReadinessSeverity, description: "How bad it is." }),
    code: t.field({ type: ReadinessCode, description: "Which rule found it, for programs.", resolve: ({ code }) => codeOf(code) }),
    objectType: t.exposeString("objectType", {
      description: "What it is about: the name of a type of this schema, or Program or Secret, which have no id.",
    }),
    objectId: t.id({
      nullable: true,
      description: "Global id of what it is about, for `node`; null: it has none, or it is gone.",
      resolve: ({ objectType: type, objectId: id }) => idOfObject({ type, id }),
    }),
    objectName: t.exposeString("objectName", { description: "Its name; of a folder, its path." }),
    recoveryTypes: t.field({
      type: [RecoveryType],
      description: "The kinds of recoveries whose preview says it; empty: it does not come from a preview.",
      resolve: ({ recoveryTypes }) => [...recoveryTypes],
    }),
    message: t.exposeString("message", { description: "What is found, as a sentence, by the newest evaluation that found it." }),
    remedy: t.exposeString("remedy", { description: "How it is mended, as a sentence." }),
    openedAt: t.expose("openedAt", { type: "DateTime", description: "Since when: the evaluation that found it first." }),
    resolvedAt: t.expose("resolvedAt", {
      type: "DateTime",
      nullable: true,
      description: "When an evaluation found it no more; null: it is still so.",
    }),
  }),
});

export const ReadinessFindingConnection = builder.connectionObject(
  { type: ReadinessFindingRef, name: "ReadinessFindingConnection", description: "A page of findings." },
  { name: "ReadinessFindingEdge", description: "A finding in a page." },
);

export const PlanChangeRef = builder.objectRef<PlanChange>("PlanChange").implement({
  description: "Something that is not as the plan's last successful test has tested it.",
  fields: (t) => ({
    kind: t.expose("kind", { type: PlanChangeKind, description: "What it is." }),
    change: t.expose("change", { type: PlanChangeType, description: "What became of it." }),
    objectType: t.string({ description: "What it is about: the name of a type of this schema.", resolve: ({ object }) => object.type }),
    objectId: t.id({
      nullable: true,
      description: "Global id of what it is about; of a step, its plan's.",
      resolve: ({ object }) => idOfObject(object),
    }),
    objectName: t.string({ description: "Its name; of a step, the step's own.", resolve: ({ object }) => object.name }),
    field: t.exposeString("field", { nullable: true, description: "What of it has changed; null: it as a whole." }),
    before: t.exposeString("before", {
      nullable: true,
      description: "As it was tested, as a text of at most 500 characters; null: there was nothing.",
    }),
    after: t.exposeString("after", { nullable: true, description: "As it is now; null: there is nothing." }),
  }),
});

export const UntestedStepRef = builder.objectRef<UntestedStep>("UntestedStep").implement({
  description: "A step or a command that no successful test of the plan has shown to work.",
  fields: (t) => ({
    kind: t.expose("kind", { type: StepKind, description: "COMMAND, GUEST_COMMAND, PROMPT or PAUSE." }),
    name: t.exposeString("name", { description: "What it is called in a run." }),
    reason: t.expose("reason", { type: UntestedReason, description: "Why." }),
    vm: t.field({
      type: VirtualMachineRef,
      nullable: true,
      description: "The VM whose command it is; null: it is a step of a priority group.",
      resolve: ({ vmId }, _args, { loaders }) => (vmId === null ? null : loaders.vm.load(vmId)),
    }),
  }),
});
