/** What is written down of a test, edited. */
import { builder } from "../../builder.ts";
import { idOf } from "../../ids.ts";
import { expectedVersion } from "../../mutation-parts.ts";
import { RecoveryRef } from "../types/refs.ts";
import { act, key, loadRecovery } from "./parts.ts";

builder.objectFields(RecoveryRef, (t) => ({
  notesVersion: t.exposeInt("notesVersion", {
    description: "1, and one more with each edit of the notes: `expectedVersion` of updateTestNotes.",
  }),
  notesEditedBy: t.exposeString("notesEditedBy", { nullable: true, description: "Who edited the notes last; null: nobody did." }),
  notesEditedAt: t.expose("notesEditedAt", {
    type: "DateTime",
    nullable: true,
    description: "When they were edited last; null: they are as they were at the start.",
  }),
}));

const UpdateTestNotesInput = builder.inputType("UpdateTestNotesInput", {
  description: "The notes of which test, and what they are to be.",
  fields: (t) => ({
    recoveryId: t.id({ required: true, description: "The test, under way or over (reference: test_id)." }),
    notes: t.string({ required: true, description: "All of the notes, at most 4,096 characters; may be empty." }),
    expectedVersion: t.int(expectedVersion),
    idempotencyKey: t.string(key),
  }),
});

const UpdateTestNotesPayload = builder.objectRef<{ readonly recoveryId: string }>("UpdateTestNotesPayload").implement({
  description: "The notes are what was asked for.",
  fields: (t) => ({
    recovery: t.field({
      type: RecoveryRef,
      description: "The test.",
      resolve: ({ recoveryId }, _args, context) => loadRecovery(context, recoveryId),
    }),
  }),
});

builder.mutationField("updateTestNotes", (t) =>
  t.field({
    type: UpdateTestNotesPayload,
    nullable: true,
    authScopes: { role: "OPERATOR" },
    errors: {},
    description:
      "Edits the notes of a test, as its history shows them; the audit log has who did and when. Without `expectedVersion` the last edit counts. INVALID_REQUEST for a run of another kind: write a remark on that. (Reference: Get Recovery Plan Test History, notes.)",
    args: { input: t.arg({ type: UpdateTestNotesInput, required: true, description: "Which test, and its notes." }) },
    resolve: (_root, { input }, context) =>
      act(context, (recoveries, viewer) =>
        recoveries.updateTestNotes(viewer, { ...input, recoveryId: idOf("Recovery", input.recoveryId, ["recoveryId"]) }),
      ),
  }),
);
