/** What proves that nothing was changed: heads of chains, and what a verification found. */
import { type ChainReport, type Finding, findingKinds } from "../../database/chain-check.ts";
import type { ChainHead } from "../../events/heads.ts";
import { builder } from "../builder.ts";
import { encodeId } from "../ids.ts";
import { RecoveryRef } from "../recoveries/types/refs.ts";
import { seesOutput } from "../viewer.ts";

interface RunEvidence extends ChainHead {
  readonly endedAt: Date | null;
}

const RecoveryEvidence = builder.objectRef<RunEvidence>("RecoveryEvidence").implement({
  description: "What a run's events are proved by: a chain of hashes, in which each follows the one before it. docs/evidence.md says how.",
  fields: (t) => ({
    eventCount: t.exposeInt("eventCount", { description: "How many events the run has written." }),
    headHash: t.exposeString("headHash", {
      nullable: true,
      description:
        "The hash of its newest event, in hexadecimal: it stands for all before it, and for ever once the run has ended. Keep it where who writes to the database can't reach it, and verifyRecovery finds it again. As it is stored, not verified. Null: there is no event yet, or it was written by an older release.",
    }),
    packUrl: t.string({
      nullable: true,
      description:
        "Path and query at this gateway that the run's evidence can be fetched from by GET, by whoever has it, for 5 minutes: each read of this field makes a new one. One ZIP archive with the events as they were hashed, the steps as CSV, the run as PDF, its picture as SVG, checksums, and how to verify them. Without the query it is good with a session in the headers. Null: the run is not over, or the viewer has neither the role OPERATOR nor SCRIPT_EDITOR, since the events have what commands wrote.",
      resolve: ({ recoveryId, endedAt }, _args, { viewer, services }) =>
        endedAt === null || !seesOutput(viewer) ? null : services.evidence.signedPath(recoveryId),
    }),
  }),
});

builder.objectField(RecoveryRef, "evidence", (t) =>
  t.field({
    type: RecoveryEvidence,
    description: "What proves its events.",
    resolve: async ({ id, lastEvent, endedAt }, _args, { loaders }) => {
      const head = (await loaders.chainHeadOfRun.load(id)) ?? { recoveryId: id, eventCount: lastEvent, headHash: null };
      return { ...head, endedAt };
    },
  }),
);

const meanings = {
  CHANGED: "What stands at this place, or its place or its hash, is not what was written.",
  MISSING: "Something was removed here, or the end that an ended run has.",
  UNEXPECTED: "Something stands here that the log did not write.",
  NOT_CHAINED: "An event without a hash, such as one that an older release wrote.",
  OTHER_HEAD:
    "The hash that was kept is not in the chain. Of the event log it may be older than what retention keeps (EVENT_RETENTION_DAYS).",
} as const satisfies Record<(typeof findingKinds)[number], string>;

const EvidenceFindingKind = builder.enumType("EvidenceFindingKind", {
  description: "What is wrong at a place of a chain. Expect kinds that are added later.",
  values: Object.fromEntries(findingKinds.map((kind) => [kind, { value: kind, description: meanings[kind] }])),
});

const numberOf = (value: bigint | null): number | null => (value === null ? null : Number(value));

const EvidenceFinding = builder.objectRef<Finding>("EvidenceFinding").implement({
  description: "Something that is wrong in a chain, and where.",
  fields: (t) => ({
    kind: t.field({ type: EvidenceFindingKind, description: "What is wrong.", resolve: ({ kind }) => kind }),
    number: t.float({
      nullable: true,
      description: "A whole number: of an event its number within its recovery, of the audit log the number of the link; null: of neither.",
      resolve: ({ number }) => numberOf(number),
    }),
    position: t.float({
      nullable: true,
      description: "A whole number: the event's position in the whole log; null: it is of no event, or that is gone.",
      resolve: ({ position }) => numberOf(position),
    }),
    auditRecordId: t.id({
      nullable: true,
      description: "Global id of the audit record, which may be gone; null: it is of none.",
      resolve: ({ recordId }) => (recordId === null ? null : encodeId("AuditRecord", recordId)),
    }),
    message: t.exposeString("message", { description: "What is wrong and where, as a sentence." }),
  }),
});

export const ChainVerification = builder.objectRef<ChainReport>("ChainVerification").implement({
  description: "What was found in a chain of hashes, recomputed from what the database has, in one snapshot of it.",
  fields: (t) => ({
    isWhole: t.boolean({
      description: "Nothing in it was changed, left out or put in.",
      resolve: ({ findingCount }) => findingCount === 0,
    }),
    verifiedCount: t.exposeInt("verified", { description: "How many events, or links of the audit log, were looked at." }),
    headHash: t.exposeString("headHash", {
      nullable: true,
      description: "The chain's newest hash, in hexadecimal: what to keep elsewhere. Null: there is nothing in it.",
    }),
    findings: t.field({
      type: [EvidenceFinding],
      description: "What is wrong, in order: the first 20.",
      resolve: ({ findings }) => [...findings],
    }),
    findingCount: t.exposeInt("findingCount", { description: "How much is wrong in all." }),
  }),
});
