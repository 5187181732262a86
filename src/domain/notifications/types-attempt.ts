/** What became of something that was sent to see whether it arrives. */
import { builder } from "../builder.ts";
import type { Attempt } from "./outcome.ts";

interface Words {
  readonly description: string;
  readonly delivered: string;
  readonly status: string;
}

export const attemptPayload = (name: string, { description, delivered, status }: Words) =>
  builder.objectRef<Attempt>(name).implement({
    description,
    fields: (t) => ({
      delivered: t.boolean({ description: delivered, resolve: ({ outcome }) => outcome.delivered }),
      status: t.int({ nullable: true, description: status, resolve: ({ outcome }) => outcome.status }),
      error: t.string({
        nullable: true,
        description: "Why it was not delivered; null: it was.",
        resolve: ({ outcome }) => (outcome.delivered ? null : outcome.error),
      }),
      answeredInMilliseconds: t.int({ description: "How long it took, also to fail.", resolve: ({ elapsedMs }) => elapsedMs }),
    }),
  });
