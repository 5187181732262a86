/**
 * Nothing protected is lost: what a VM's disks hold only grows, but for what a run says that it has lost. A planned run loses nothing, and a
 * disaster run exactly what it reports.
 */
import type { Written } from "../../../src/providers/lab/lab.ts";
import { secondsLost } from "../../support/lab-recovery.ts";
import { Broken } from "../broken.ts";
import type { Look, RunLook, VmLook } from "../look.ts";
import type { Model } from "../model.ts";
import type { World } from "../world.ts";

/** Reported are whole seconds. */
const rounding = 0.6;

export async function contentIsKept(world: World, model: Model, before: Look, after: Look): Promise<void> {
  for (const vm of after.vms) {
    const earlier = before.vms.find(({ id }) => id === vm.id);
    if (earlier === undefined) throw new Broken("A VM has become one that nobody knows", { vm });
    const now = after.machines.get(vm.machineId);
    if (now === undefined || now.removed) throw new Broken("A protected VM is not there any more", { vm, now });
    const held = before.machines.get(earlier.machineId)?.content ?? [];
    const lost = secondsLost(held, now.content);
    if (lost === 0 || originalWasKept(earlier, vm)) continue;
    const run = after.runs.find(({ id }) => id === vm.recovered?.runId && vm.machineId !== earlier.machineId);
    if (run === undefined) throw new Broken("A VM has lost what it had written", { vm, lost, held, now });
    if (run.kind === "PLANNED" && run.skipped === 0) throw new Broken("A planned run has lost content", { vm, lost, held, now, run });
  }
  for (const run of endedNow(before, after)) await reportsItsLoss(world, model, run);
}

/** Somebody has decided for the original: what the copy has written stays behind with it. */
const originalWasKept = (before: VmLook, after: VmLook): boolean =>
  before.recovered !== null && after.recovered === null && after.machineId === before.recovered.originalId;

/** Of a plan's runs the newest: what a planned one had promoted, the disaster recovery that follows it reports as well. */
function endedNow(before: Look, after: Look): readonly RunLook[] {
  const newest = [
    ...Map.groupBy(
      after.runs.filter(({ kind }) => isReal(kind)),
      ({ planId }) => planId,
    ).values(),
  ].flatMap((runs) => runs.slice(-1));
  return newest.filter(({ id, ended }) => ended && before.runs.find((run) => run.id === id)?.ended !== true);
}

const isReal = (kind: string): boolean => kind === "PLANNED" || kind === "DISASTER";

/**
 * What a group's storage was made from, against what its VMs' disks held when nothing more could be saved. One that was started since holds more,
 * and no longer tells what it held then.
 */
const lossText = `SELECT v.name, s.contents -> o.id AS copied, lab.content_at(o, $2) AS held, coalesce(o.on_at <= p.taken_at AND (o.off_at IS NULL OR o.off_at >= $2), false) AS "wroteAllTheTime",
    o.on_at IS NOT NULL AND o.off_at IS NULL AS "isOn"
  FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id JOIN protection_group g ON g.id = m.group_id LEFT JOIN recovered_vm r ON r.vm_id = v.id
    JOIN lab.replica_group l ON l.id = g.external_id JOIN lab.snapshot s ON s.id = l.promoted_to
    LEFT JOIN lab.point p ON p.id = s.point_id
    JOIN lab.vm o ON o.id = coalesce(r.original_external_id, v.external_id)
  WHERE g.id IN (SELECT group_id FROM recovery_group WHERE run_id = $1) AND s.contents ? o.id
    AND (o.on_at IS NULL OR o.on_at <= $2)`;

interface LossRow {
  readonly name: string;
  readonly copied: readonly Written[];
  readonly held: readonly Written[];
  /** From the point on: then what it has lost is as old as the point. */
  readonly wroteAllTheTime: boolean;
  readonly isOn: boolean;
}

async function reportsItsLoss({ db }: World, model: Model, run: RunLook): Promise<void> {
  const request = model.requests.get(run.id);
  if (request === undefined) throw new Broken("A run has begun that nobody has asked for", { run });
  // After a planned run everything counts that the originals have written: they are off.
  const until = run.kind === "PLANNED" ? new Date("9999-01-01") : request.lastKnown;
  const found = await db.database.pool.query<LossRow>({ name: "model-losses", text: lossText, values: [run.id, until] });
  // One whose shutdown somebody has skipped writes on for ever: two machines, and no loss of the run.
  const rows = found.rows.filter(({ isOn }) => run.kind !== "PLANNED" || run.skipped === 0 || !isOn);
  if (rows.length === 0) return;
  const losses = rows.map(({ name, held, copied, wroteAllTheTime }) => ({ name, wroteAllTheTime, lost: secondsLost(held, copied) }));
  const worst = Math.max(...losses.map(({ lost }) => lost));
  const reported = run.rpoAchievedSeconds;
  const atMost = run.kind === "PLANNED" || losses.some(({ wroteAllTheTime }) => !wroteAllTheTime);
  const fits = reported !== null && worst <= reported + rounding && (atMost || worst >= reported - rounding);
  if (!fits) throw new Broken("A run has lost something else than it reports", { run, losses, worst, reported, request });
}
