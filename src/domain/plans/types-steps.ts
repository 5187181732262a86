/** Steps of a plan's priority groups: an interface with a type for each kind. (Reference: Configure Recovery Priority Groups.) */
import type { PlanStep } from "../../database/generated/client.ts";
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { StepPhase } from "../inventory/types-enums.ts";
import { PromptAnswer } from "../recoveries/types/enums.ts";
import { PlanStepType, SiteRole } from "./types-enums.ts";

const names = { COMMAND: "CommandStep", PROMPT: "PromptStep", PAUSE: "PauseStep" } as const;

export const PlanStepRef = builder.interfaceRef<Readonly<PlanStep>>("PlanStep").implement({
  interfaces: [builder.nodeInterfaceRef()],
  description: "A step before or after the power-on of a priority group's VMs. Expect types that are added later.",
  resolveType: ({ type }) => names[type],
  fields: (t) => ({
    type: t.expose("type", { type: PlanStepType, description: "What it is (reference: step_type)." }),
    name: t.exposeString("name", { description: "What it is called." }),
    phase: t.expose("phase", { type: StepPhase, description: "Before or after the power-on." }),
    position: t.exposeInt("position", { description: "Its place in its phase." }),
  }),
});

const stepId = { resolve: ({ id }: Readonly<PlanStep>) => id, description: "Global id of the step, kept when it is edited." };

const CommandStep = builder.objectRef<Readonly<PlanStep>>("CommandStep");
builder.node(CommandStep, {
  description: "Runs a program at a site.",
  id: stepId,
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.planStep.loadMany(ids)),
  interfaces: [PlanStepRef],
  fields: (t) => ({
    command: t.string({ description: "The program, of the site's scripts folder.", resolve: ({ command }) => command ?? "" }),
    arguments: t.exposeStringList("arguments", { description: "Its arguments; no shell reads them." }),
    timeoutSeconds: t.int({
      nullable: true, // as a prompt's, so that both can be selected in one list
      description: "After so many seconds it is ended, and has failed; never null.",
      resolve: ({ timeoutSeconds }) => timeoutSeconds ?? 300,
    }),
    runOnSite: t.field({ type: SiteRole, description: "Where it runs.", resolve: ({ runOnSite }) => runOnSite ?? "RECOVERY" }),
    continueOnFailure: t.exposeBoolean("continueOnFailure", { description: "Its failure is a warning." }),
    runInTest: t.exposeBoolean("runInTest", { description: "At the protected site: it runs in tests too." }),
    rerunnable: t.exposeBoolean("rerunnable", { description: "It may be run again when nobody knows how it ended." }),
  }),
});

const PromptStep = builder.objectRef<Readonly<PlanStep>>("PromptStep");
builder.node(PromptStep, {
  description: "Asks a person, and waits.",
  id: stepId,
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.planStep.loadMany(ids)),
  interfaces: [PlanStepRef],
  fields: (t) => ({
    message: t.string({ description: "The question.", resolve: ({ message, name }) => message ?? name }),
    timeoutSeconds: t.exposeInt("timeoutSeconds", {
      nullable: true,
      description: "After so many seconds the default answer is given; null: it waits for ever.",
    }),
    defaultAnswer: t.expose("defaultAnswer", { type: PromptAnswer, nullable: true, description: "The answer that is given then." }),
    needsTwoPeople: t.exposeBoolean("needsTwoPeople", { description: "An answer counts once a second person has given the same one." }),
  }),
});

const PauseStep = builder.objectRef<Readonly<PlanStep>>("PauseStep");
builder.node(PauseStep, {
  description: "Waits for a time, or until somebody resumes.",
  id: stepId,
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.planStep.loadMany(ids)),
  interfaces: [PlanStepRef],
  fields: (t) => ({
    durationSeconds: t.exposeInt("durationSeconds", { nullable: true, description: "How long, in seconds; null: until it is resumed." }),
  }),
});
