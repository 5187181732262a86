/** How a command of a sequence is told: whether the model lets it be played, and what it does. */
import type fc from "fast-check";
import { Broken } from "../broken.ts";
import type { Sent } from "../client.ts";
import type { Model } from "../model.ts";
import { step } from "../step.ts";
import type { World } from "../world.ts";

export type Command = fc.AsyncCommand<Model, World>;

interface Told {
  readonly name: string;
  /** Always, when it is left out. */
  can?(model: Model): boolean;
  act(model: Model, world: World): Promise<void>;
}

export const command = ({ name, can = () => true, act }: Told): Command => ({
  check: can,
  async run(model, world) {
    if (mayHaveMoved(model)) await step(model, world, "meanwhile", async () => {});
    if (can(model)) await step(model, world, name, () => act(model, world));
  },
  toString: () => name,
});

/** A call that stays at its site is given up after a while, and its run goes on by itself. */
const mayHaveMoved = ({ look, trouble: { heals } }: Model): boolean => heals.size > 0 && look.runs.some(({ ended }) => !ended);

/** Only a start finds these out: a site that does not answer, an option that does not fit. */
const foundLater: ReadonlySet<string> = new Set(["PRECONDITION_FAILED", "SERVICE_UNAVAILABLE", "INVALID_REQUEST"]);

/** What the mutation answers is what allowedOperations has told: null, it is allowed; else the code of the refusal. */
export function asTold(name: string, told: string | null | undefined, sent: Sent): void {
  if (sent.ok ? told === null : fits(told, sent.code)) return;
  throw new Broken("A mutation answers something else than allowedOperations has told", { name, told, sent });
}

/** Options are looked at before the plan is. */
const fits = (told: string | null | undefined, code: string): boolean =>
  told === null ? foundLater.has(code) : code === told || code === "INVALID_REQUEST";
