/** Writes a new run of a protection group: its row, snapshot, task, hold on the group, the group's state, its first event. */
import type pg from "pg";
import type { GroupSnapshot } from "../../engine/group-snapshot.ts";
import { type GroupRunKind, groupRunVersion } from "../../engine/model.ts";
import { appendEvents } from "../../events/append.ts";
import type { Change } from "../../events/changes.ts";
import type { Viewer } from "../viewer.ts";
import { readAbandoned } from "./abandoned.ts";

export interface NewGroupRun {
  readonly runId: string;
  /** Null: a change of members, which no task stands for. */
  readonly taskId: string | null;
  readonly pairingId: string;
  readonly viewer: Pick<Viewer, "userId" | "name">;
  readonly snapshot: GroupSnapshot;
}

const statements = {
  run: `INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by_id, initiated_by, requested_at, vm_count, warnings,
      warnings_count, engine_version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, dr_now(), $8, $9, jsonb_array_length($9::jsonb), ${groupRunVersion})`,
  snapshot: "INSERT INTO recovery_snapshot (run_id, content) VALUES ($1, $2)",
  task: `INSERT INTO task (id, name, type, target_id, target_type, recovery_id, initiated_by, started_at, warnings)
    VALUES ($1, $2, $3, $4, 'PROTECTION_GROUP', $5, $6, dr_now(), $7)`,
  use: "INSERT INTO group_use (group_id, run_id) VALUES ($1, $2)",
  state: `UPDATE protection_group SET state = $2::"ProtectionGroupState", peer_state = $2::text::"PeerState",
    fault_code = NULL, fault_message = NULL, fault_since = NULL WHERE id = $1`,
} as const;

const kinds = {
  GROUP_CREATE: { state: "CONFIGURING", task: { type: "PROTECTION_GROUP_CREATE", name: "Create Protection Group" } },
  GROUP_UPDATE: { state: "CONFIGURING", task: null },
  GROUP_DELETE: { state: "DELETING", task: { type: "PROTECTION_GROUP_DELETE", name: "Delete Protection Group" } },
} as const satisfies Record<GroupRunKind, object>;

/**
 * The last thing of the caller's transaction, which holds the group's row and has written what the run works on: the group, its
 * storage groups, new members as CONFIGURING. A group that another run has breaks the constraint group_use_pkey.
 */
export async function insertGroupRun(client: pg.ClientBase, { runId, taskId, pairingId, viewer, snapshot }: NewGroupRun): Promise<void> {
  const write = (name: keyof typeof statements, values: unknown[]) =>
    client.query({ name: `group-run-${name}`, text: statements[name], values });
  const { group, kind } = snapshot;
  const { state, task } = kinds[kind];
  const options = JSON.stringify(kind === "GROUP_DELETE" ? { force: snapshot.force } : {});
  const warnings = JSON.stringify(snapshot.warnings);
  await write("run", [runId, group.name, pairingId, kind, options, viewer.userId, viewer.name, vmCountOf(snapshot), warnings]);
  await write("snapshot", [runId, JSON.stringify(await withAbandoned(client, snapshot))]);
  if ((task === null) !== (taskId === null)) throw new Error(`a ${kind} has ${task === null ? "no task" : "a task"}`);
  if (task !== null) await write("task", [taskId, `${task.name} - ${group.name}`, task.type, group.id, runId, viewer.name, warnings]);
  await write("use", [group.id, runId]);
  await write("state", [group.id, state]);
  await appendEvents(
    client,
    runId,
    [{ kind: "RECOVERY_STATE_CHANGED", state: "NOT_STARTED", pausedReason: null, by: viewer.name, reason: null }],
    changesOf(snapshot, taskId),
  );
}

async function withAbandoned(client: pg.ClientBase, snapshot: GroupSnapshot): Promise<GroupSnapshot> {
  if (snapshot.kind === "GROUP_DELETE") return snapshot;
  const joining = snapshot.kind === "GROUP_CREATE" ? snapshot.vms : snapshot.added;
  const ids = joining.map(({ id }) => id);
  const abandoned = await readAbandoned(client, snapshot.recoverySite.id, ids);
  return abandoned.length === 0 ? snapshot : { ...snapshot, abandoned };
}

/** The group, its task, and the VMs whose protection begins or ends: the caller needs not tell of them. */
function changesOf(snapshot: GroupSnapshot, taskId: string | null): Change[] {
  const { group, kind } = snapshot;
  const { task } = kinds[kind];
  const vms = kind === "GROUP_UPDATE" ? [...snapshot.added, ...snapshot.removed] : snapshot.vms;
  return [
    { kind: "PROTECTION_GROUP_CHANGED", id: group.id, change: kind === "GROUP_CREATE" ? "CREATED" : "UPDATED", name: group.name },
    ...(task === null || taskId === null
      ? []
      : [{ kind: "TASK_CHANGED", id: taskId, change: "CREATED", name: `${task.name} - ${group.name}` } as const]),
    ...vms.map(({ id, name }): Change => ({ kind: "VM_CHANGED", id, change: "UPDATED", name })),
  ];
}

const vmCountOf = (snapshot: GroupSnapshot): number =>
  snapshot.kind === "GROUP_UPDATE" ? snapshot.added.length + snapshot.removed.length : snapshot.vms.length;
