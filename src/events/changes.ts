/**
 * What changes beside the runs: plans, groups, VMs, tasks, sites, mappings. Events without a recovery, in the same log and under the same
 * counter, so that a reader of the whole sees them in commit order. They say what to read again, not what it is now.
 */
import type pg from "pg";
import { eventVersion } from "./append.ts";

export const changeKinds = [
  "PLAN_CHANGED",
  "PROTECTION_GROUP_CHANGED",
  "VM_CHANGED",
  "TASK_CHANGED",
  "SITE_CHANGED",
  "PAIRING_CHANGED",
  "RPO_VIOLATION_CHANGED",
  "AUDIT_RECORDED",
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** The subject's database id, and what became of it. A deleted one can't be read any more: its name is all that is left. */
export interface Change {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly change: "CREATED" | "UPDATED" | "DELETED";
  readonly name?: string | undefined;
}

/** A change as it stands in the log. */
export interface LoggedChange {
  /** Number in the whole log, in commit order. */
  readonly position: bigint;
  readonly occurredAt: Date;
  readonly version: number;
  readonly change: Change;
}

/** Payload on 'dr_events' for readers of these. */
export const changesPayload = "changes";

const appendText = `WITH counter AS (
    UPDATE event_counter SET value = value + cardinality($1::text[]) WHERE id = 1 RETURNING value - cardinality($1::text[]) AS base
  )
  INSERT INTO event (position, kind, version, payload)
  SELECT counter.base + entry.ord, entry.kind, ${eventVersion}, entry.payload::jsonb
  FROM counter, unnest($1::text[], $2::text[]) WITH ORDINALITY AS entry (kind, payload, ord)`;

/** In the transaction of the change itself, as its last statement, and once only: all writers of the log wait for the counter until it commits. */
export async function appendChanges(client: Pick<pg.ClientBase, "query">, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const kinds = changes.map(({ kind }) => kind);
  const payloads = changes.map((change) => JSON.stringify(change));
  await client.query({ name: "changes-append", text: appendText, values: [kinds, payloads] });
}
