/** Prompts: where a run waits for a person. (Reference: Answer Prompt.) */
import { copies } from "../../batching.ts";
import { builder } from "../../builder.ts";
import { PromptAnswer } from "./enums.ts";
import { PromptRef, type PromptRow, RecoveryRef, type RecoveryRow, RecoveryStepRef } from "./refs.ts";
import { stepById } from "./step.ts";

type Asking = Pick<RecoveryRow, "endedAt" | "cancelRequestedAt">;

/** A run that is told to cancel takes no answer any more, though its node has still to withdraw the prompt. */
export const isOpen = ({ answer, withdrawnAt }: PromptRow, run: Asking | null) =>
  answer === null && withdrawnAt === null && run !== null && run.endedAt === null && run.cancelRequestedAt === null;

builder.node(PromptRef, {
  description: "A question that a run asks, and how it was answered. (Reference: prompt_id.)",
  id: { resolve: ({ id }) => id, description: "Global id of the prompt, for answerPrompt." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.prompt.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Name of the step that asks." }),
    message: t.exposeString("message", { description: "The question." }),
    open: t.boolean({
      description: "It can be answered.",
      resolve: async (prompt, _args, { loaders }) => isOpen(prompt, await loaders.recovery.load(prompt.runId)),
    }),
    openedAt: t.expose("openedAt", { type: "DateTime", description: "When it was asked." }),
    dueAt: t.expose("dueAt", {
      type: "DateTime",
      nullable: true,
      description: "When the default answer is given if nobody answers; null: it waits for ever.",
    }),
    defaultAnswer: t.expose("defaultAnswer", { type: PromptAnswer, nullable: true, description: "The answer that is given at that time." }),
    answer: t.expose("answer", { type: PromptAnswer, nullable: true, description: "How it was answered; null: not, or not yet." }),
    answeredAt: t.expose("answeredAt", { type: "DateTime", nullable: true, description: "When it was answered." }),
    answeredBy: t.exposeString("answeredBy", { nullable: true, description: "Who answered it; null also for the default answer." }),
    comment: t.exposeString("comment", { nullable: true, description: "What the answer came with." }),
    needsTwoPeople: t.exposeBoolean("needsTwoPeople", {
      description: "An answer counts once a second person has given the same one; until then it is the `firstAnswer`.",
    }),
    firstAnswer: t.expose("firstAnswer", {
      type: PromptAnswer,
      nullable: true,
      description: "At a prompt for two people: what the first one answered; null: nobody has, or it was taken back.",
    }),
    firstAnsweredAt: t.expose("firstAnsweredAt", { type: "DateTime", nullable: true, description: "When the first one did." }),
    firstAnsweredBy: t.exposeString("firstAnsweredBy", { nullable: true, description: "Who the first one is." }),
    firstComment: t.exposeString("firstComment", { nullable: true, description: "What the first answer came with." }),
    withdrawnAt: t.expose("withdrawnAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was taken back, because the run ended or was cancelled.",
    }),
    recovery: t.field({
      type: RecoveryRef,
      nullable: true,
      description: "The run that asks.",
      resolve: ({ runId }, _args, { loaders }) => loaders.recovery.load(runId),
    }),
    step: t.field({
      type: RecoveryStepRef,
      nullable: true,
      description: "The step that asks.",
      resolve: ({ runId, ordinal }, _args, context) => stepById(`${runId}/${ordinal}`, context),
    }),
  }),
});
