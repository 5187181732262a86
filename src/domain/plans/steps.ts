/** Steps of a priority group as they are wished, checked, and set against those that are there. Pure. */
import { isDeepStrictEqual } from "node:util";
import { v7 as newId } from "uuid";
import type { PlanStep } from "../../database/generated/client.ts";
import { checkInt, checkName, checkText, type FieldErrors, type Path } from "../field-errors.ts";
import { checkProgram } from "../program.ts";

/** What is left out or null has its default. `id`: of the step that this one becomes. */
export type StepWish = { readonly id?: string | null | undefined; readonly name: string } & (CommandWish | PromptWish | PauseWish);

type Optional<T> = { readonly [Field in keyof T]?: T[Field] | null | undefined };

type CommandWish = { readonly type: "COMMAND"; readonly command: string } & Optional<{
  arguments: readonly string[];
  timeoutSeconds: number;
  runOnSite: "PROTECTED" | "RECOVERY";
  continueOnFailure: boolean;
  runInTest: boolean;
  rerunnable: boolean;
}>;
type PromptWish = { readonly type: "PROMPT"; readonly message: string } & Optional<{
  timeoutSeconds: number;
  defaultAnswer: "CONTINUE" | "SKIP" | "ABORT";
  needsTwoPeople: boolean;
}>;
type PauseWish = { readonly type: "PAUSE" } & Optional<{ durationSeconds: number }>;

/** A step within its phase. */
export type Step = Omit<PlanStep, "priorityGroupId" | "phase" | "position">;

/** Of a pause without a duration. */
export const pauseInDrills = "The plan has drills, in which nobody ends a pause: give it a duration, or make it a prompt.";

export const mostStepsPerPhase = 100;
const longestSeconds = 604_800;
const daySeconds = 86_400;

export function checkStep(errors: FieldErrors, path: Path, step: StepWish): void {
  checkName(errors, [...path, "name"], step.name);
  switch (step.type) {
    case "COMMAND":
      checkProgram(errors, path, step);
      break;
    case "PROMPT": {
      checkText(errors, [...path, "message"], step.message, 4_096);
      if (step.message.trim() === "") errors.add([...path, "message"], "A prompt asks something.");
      checkInt(errors, [...path, "timeoutSeconds"], step.timeoutSeconds, 1, longestSeconds);
      const problem = promptProblem({ timeoutSeconds: step.timeoutSeconds ?? null, defaultAnswer: step.defaultAnswer ?? null });
      if (problem !== null) errors.add(path, problem);
      break;
    }
    case "PAUSE":
      checkInt(errors, [...path, "durationSeconds"], step.durationSeconds, 1, daySeconds);
  }
}

/** What is wrong with when a prompt is answered by itself. */
export const promptProblem = (prompt: { readonly timeoutSeconds: number | null; readonly defaultAnswer: string | null }): string | null =>
  (prompt.defaultAnswer === null) === (prompt.timeoutSeconds === null)
    ? null
    : "A prompt has both a timeoutSeconds and a defaultAnswer, or neither: one means nothing without the other.";

const nothing = {
  command: null,
  arguments: [],
  timeoutSeconds: null,
  runOnSite: null,
  continueOnFailure: false,
  runInTest: false,
  rerunnable: false,
  message: null,
  defaultAnswer: null,
  needsTwoPeople: false,
  durationSeconds: null,
} as const;

function stepOf(wish: StepWish, id: string): Step {
  const common = { ...nothing, arguments: [], id, type: wish.type, name: wish.name.trim() };
  switch (wish.type) {
    case "COMMAND":
      return {
        ...common,
        command: wish.command,
        arguments: [...(wish.arguments ?? [])],
        timeoutSeconds: wish.timeoutSeconds ?? 300,
        runOnSite: wish.runOnSite ?? "RECOVERY",
        continueOnFailure: wish.continueOnFailure ?? false,
        runInTest: wish.runInTest ?? false,
        rerunnable: wish.rerunnable ?? false,
      };
    case "PROMPT":
      return {
        ...common,
        message: wish.message,
        timeoutSeconds: wish.timeoutSeconds ?? null,
        defaultAnswer: wish.defaultAnswer ?? null,
        needsTwoPeople: wish.needsTwoPeople ?? false,
      };
    case "PAUSE":
      return { ...common, durationSeconds: wish.durationSeconds ?? null };
  }
}

/**
 * The steps that stand afterwards. One without an id goes on as the first step of its type and name in its phase that nothing claims, so that a
 * request without ids can be repeated; any other is new. `claimed`: ids that the request gives, in whichever phase; those taken over are added.
 */
export function stepsOf(wishes: readonly StepWish[], before: readonly Step[], claimed: Set<string>): Step[] {
  return wishes.map((wish) => {
    const same = before.find(({ id, type, name }) => !claimed.has(id) && type === wish.type && name === wish.name.trim());
    const id = wish.id ?? same?.id ?? newId();
    claimed.add(id);
    return stepOf(wish, id);
  });
}

/** Whether the commands, and whether the other steps, are others than before or in another order. */
export function changesIn(before: readonly Step[], after: readonly Step[]): { readonly commands: boolean; readonly others: boolean } {
  const differ = (choose: (step: Step) => boolean) => !isDeepStrictEqual(before.filter(choose), after.filter(choose));
  return { commands: differ(({ type }) => type === "COMMAND"), others: differ(({ type }) => type !== "COMMAND") };
}
