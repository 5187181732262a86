/** A run of 500 VMs whose steps change at a steady pace, written to the log in the product's own way by another node than those that serve. */
import { v7 } from "uuid";
import type { Database } from "../../src/database/database.ts";
import { announce, appendEvents } from "../../src/events/append.ts";
import type { StepChanged } from "../../src/events/types.ts";
import { startWakeUps } from "../../src/events/wake-ups.ts";

const vms = 500;

/** The row that events hang on: of a run that is over, or an engine would go on with it. */
export async function aRun({ pool }: Pick<Database, "pool">): Promise<string> {
  const id = v7();
  await pool.query(
    `INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by, state, result_state, started_at, ended_at)
     VALUES ($1, 'Payroll', $2, 'TEST', '{}', 'admin', 'COMPLETED', 'SUCCESS', dr_now(), dr_now())`,
    [id, v7()],
  );
  return id;
}

export interface Writer extends AsyncDisposable {
  /** How many were written until now. */
  readonly written: number;
}

/** Writes so many events a second until it is disposed of. */
export async function startWriter(
  database: Pick<Database, "pool" | "connectDirect">,
  recoveryId: string,
  perSecond: number,
): Promise<Writer> {
  const { pool, connectDirect } = database;
  const wakeUps = await startWakeUps({ pool, connectDirect, log: { warn: (details, message) => console.warn(message, details) } });
  const started = performance.now();
  let written = 0;
  let stopped = false;
  const writing = (async () => {
    while (!stopped) {
      const events = [step(written)];
      await appendEvents(pool, recoveryId, events);
      announce(wakeUps, recoveryId, events);
      written++;
      const due = started + (written * 1000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    }
  })();
  return {
    get written() {
      return written;
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await writing;
      await wakeUps.close();
    },
  };
}

function step(at: number): StepChanged {
  const vm = (at % vms) + 1;
  const progressPercent = (Math.floor(at / vms) * 20) % 120;
  return {
    kind: "STEP_CHANGED",
    ordinal: vm + 10,
    path: `3.${Math.ceil(vm / 100)}.${vm}`,
    stepKind: "VM",
    name: `Recover vm-${String(vm).padStart(4, "0")}`,
    status: progressPercent < 100 ? "RUNNING" : "SUCCEEDED",
    attempt: 1,
    progressPercent,
    message: progressPercent < 100 ? "Waits for the guest's tools" : null,
    errors: [],
    warnings: [],
    vmId: null,
    groupId: null,
    siteId: null,
  };
}
