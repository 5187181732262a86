/** Deciding which of two VMs is kept, when the original of a recovered VM runs beside its copy. The heartbeats carry it out. */
import type pg from "pg";
import { ConflictError, type DomainError, NotFoundError } from "../errors.ts";
import { checkText, fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { mutate } from "../mutation.ts";
import type { Refusals } from "../operations.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";

export interface ResolveInput {
  readonly vmId: string;
  readonly keep: "RECOVERED" | "ORIGINAL";
  readonly comment: string;
  readonly idempotencyKey?: string | null | undefined;
}

/** A recovered VM, as far as its original may be running. */
export interface RecoveredFacts {
  readonly vmId: string;
  readonly bothOnSince: Date | null;
  readonly kept: "RECOVERED" | "ORIGINAL" | null;
  readonly keptBy: string | null;
  readonly keptAt: Date | null;
  /** The plan of the open run that has its group; null: none has. */
  readonly runPlanName: string | null;
}

const factsText = `SELECT r.vm_id AS "vmId", r.both_on_since AS "bothOnSince", r.kept, r.kept_by AS "keptBy", r.kept_at AS "keptAt",
    (SELECT o.plan_name FROM group_use u JOIN recovery o ON o.id = u.run_id WHERE u.group_id = r.group_id AND o.ended_at IS NULL) AS "runPlanName"
  FROM recovered_vm r WHERE r.vm_id = ANY ($1::uuid[])`;

export async function readRecoveredFacts(database: Pick<pg.Pool, "query">, vmIds: readonly string[]): Promise<RecoveredFacts[]> {
  return (await database.query<RecoveredFacts>({ name: "recovered-facts", text: factsText, values: [vmIds] })).rows;
}

/** Null: it may be decided now. `facts` null: the VM is not recovered. Pure. */
export function splitBrainRefusals(vmName: string, facts: RecoveredFacts | null): Refusals<"RESOLVE_SPLIT_BRAIN"> {
  return { RESOLVE_SPLIT_BRAIN: refusalOf(vmName, facts) };
}

function refusalOf(vmName: string, facts: RecoveredFacts | null): DomainError | null {
  if (facts === null) return new ConflictError(`${vmName} is not recovered: there is one of it.`, "There is nothing to decide.");
  if (facts.bothOnSince === null)
    return new ConflictError(`${vmName} is not known to run on both sites.`, "There is nothing to decide while one of the two is off.");
  if (facts.kept === null) return null;
  const { kept, keptBy, keptAt } = facts;
  const message = `${keptBy} has decided on ${keptAt?.toISOString()} to keep ${vmName}'s ${kept === "ORIGINAL" ? "original" : "recovered copy"}.`;
  return new ConflictError(message, "Wait until the other one is off: watch the VM's faults.");
}

export function resolveSplitBrain(context: ServiceContext, viewer: Viewer, input: ResolveInput): Promise<{ vmId: string }> {
  const { vmId, keep, comment } = input;
  const errors = fieldErrors();
  checkText(errors, ["comment"], comment, 4000);
  if (comment.trim() === "") errors.add(["comment"], "Say why this one is kept: whoever reads the audit log wants to know.");
  errors.check();
  return mutate(context, viewer, {
    mutation: "resolveSplitBrain",
    input: { ...input },
    answer: { vmId },
    async act(client) {
      const name = await lockRecovered(client, vmId);
      const [facts] = await readRecoveredFacts(client, [vmId]);
      const { RESOLVE_SPLIT_BRAIN: refusal } = splitBrainRefusals(name, facts ?? null);
      if (refusal !== null) throw refusal;
      if (keep === "ORIGINAL" && facts !== undefined && facts.runPlanName !== null) throw inUse(name, facts.runPlanName);
      await client.query({
        name: "split-brain-keep",
        text: `UPDATE recovered_vm SET kept = $2::"KeptVm", kept_by = $3, kept_at = dr_now(), kept_comment = $4 WHERE vm_id = $1`,
        values: [vmId, keep, viewer.name, comment],
      });
      return [{ kind: "VM_CHANGED", id: vmId, change: "UPDATED" }];
    },
  });
}

const inUse = (vmName: string, planName: string): DomainError =>
  new ConflictError(
    `The original of ${vmName} can't be kept while a run of the plan ${planName} works on its group.`,
    "Keep the recovered one, or wait until that run has ended, or cancel it.",
    { planName },
  );

/** With its group, which a run may be about to take. */
async function lockRecovered(client: Pick<pg.ClientBase, "query">, vmId: string): Promise<string> {
  const group = "SELECT FROM protection_group WHERE id = (SELECT group_id FROM recovered_vm WHERE vm_id = $1) FOR NO KEY UPDATE";
  await client.query({ name: "recovered-lock-group", text: group, values: [vmId] });
  await client.query({ name: "recovered-lock", text: "SELECT FROM recovered_vm WHERE vm_id = $1 FOR UPDATE", values: [vmId] });
  const { rows } = await client.query<{ name: string }>({
    name: "split-brain-vm",
    text: "SELECT name FROM virtual_machine WHERE id = $1",
    values: [vmId],
  });
  if (rows[0] === undefined) throw new NotFoundError("VirtualMachine", encodeId("VirtualMachine", vmId));
  return rows[0].name;
}
