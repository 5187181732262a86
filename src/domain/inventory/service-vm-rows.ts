/** A VM's recovery settings as a mutation locks, reads and writes them, in a constant number of statements. */
import type pg from "pg";
import type { VmRecoverySettings } from "../../database/generated/client.ts";
import { NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { type Command, noSettings, type Rule, type VmSettings } from "./vm-settings.ts";

export type Queryable = Pick<pg.ClientBase, "query">;

export interface LockedVm {
  readonly id: string;
  readonly name: string;
  readonly siteId: string;
  readonly networkMappingsVersion: number;
}

const vmText = `SELECT id, name, site_id AS "siteId", network_mappings_version AS "networkMappingsVersion" FROM virtual_machine WHERE id = $1`;

/** `lock`: nobody else configures it meanwhile; what a run does with it goes on. */
export async function findVm(client: Queryable, vmId: string, lock: boolean): Promise<LockedVm> {
  const query = lock ? { name: "vm-lock", text: `${vmText} FOR NO KEY UPDATE` } : { name: "vm-find", text: vmText };
  const { rows } = await client.query<LockedVm>({ ...query, values: [vmId] });
  const [vm] = rows;
  if (vm === undefined) throw new NotFoundError("VirtualMachine", encodeId("VirtualMachine", vmId));
  return vm;
}

const statements = {
  settings: `SELECT priority, startup_delay_seconds AS "startupDelaySeconds", shutdown_delay_seconds AS "shutdownDelaySeconds",
      skip_guest_shutdown AS "skipGuestShutdown", power_on_after_recovery AS "powerOnAfterRecovery", ready_check AS "readyCheck",
      ready_timeout_seconds AS "readyTimeoutSeconds", ready_port AS "readyPort", ready_target AS "readyTarget",
      ip_customization_enabled AS "ipCustomizationEnabled", version
    FROM vm_recovery_settings WHERE vm_id = $1`,
  rules: `SELECT nic_index AS "nicIndex", source_ip AS "sourceIp", target_ip AS "targetIp", prefix_length AS "prefixLength",
      target_gateway AS "targetGateway", coalesce(target_dns_servers, '{}') AS "targetDnsServers", target_dns_suffix AS "targetDnsSuffix"
    FROM ip_rule WHERE vm_id = $1 ORDER BY position`,
  commands: `SELECT id, phase, command, coalesce(arguments, '{}') AS arguments, timeout_seconds AS "timeoutSeconds", rerunnable,
      run_in_guest AS "runInGuest", guest_username AS "guestUsername", password_secret_id AS "passwordSecretId"
    FROM vm_command WHERE vm_id = $1 ORDER BY phase, position`,
  dependencies: `SELECT depends_on_vm_id AS id FROM vm_dependency WHERE vm_id = $1 ORDER BY depends_on_vm_id`,
  write: `INSERT INTO vm_recovery_settings (vm_id, priority, startup_delay_seconds, shutdown_delay_seconds, skip_guest_shutdown,
      power_on_after_recovery, ready_check, ready_timeout_seconds, ready_port, ready_target, ip_customization_enabled, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (vm_id) DO UPDATE SET priority = excluded.priority, startup_delay_seconds = excluded.startup_delay_seconds,
      shutdown_delay_seconds = excluded.shutdown_delay_seconds, skip_guest_shutdown = excluded.skip_guest_shutdown,
      power_on_after_recovery = excluded.power_on_after_recovery, ready_check = excluded.ready_check,
      ready_timeout_seconds = excluded.ready_timeout_seconds, ready_port = excluded.ready_port, ready_target = excluded.ready_target,
      ip_customization_enabled = excluded.ip_customization_enabled, version = excluded.version`,
  clearRules: "DELETE FROM ip_rule WHERE vm_id = $1",
  addRules: `INSERT INTO ip_rule (vm_id, id, position, nic_index, source_ip, target_ip, prefix_length, target_gateway, target_dns_servers, target_dns_suffix)
    SELECT $1, gen_random_uuid(), x.position, x."nicIndex", x."sourceIp", x."targetIp", x."prefixLength", x."targetGateway", x."targetDnsServers", x."targetDnsSuffix"
    FROM jsonb_to_recordset($2::jsonb) AS x(position int, "nicIndex" int, "sourceIp" text, "targetIp" text, "prefixLength" int,
      "targetGateway" text, "targetDnsServers" text[], "targetDnsSuffix" text)`,
  clearCommands: "DELETE FROM vm_command WHERE vm_id = $1",
  addCommands: `INSERT INTO vm_command (vm_id, id, phase, position, command, arguments, timeout_seconds, rerunnable, run_in_guest, guest_username, password_secret_id)
    SELECT $1, x.id, x.phase::"StepPhase", x.position, x.command, x.arguments, x."timeoutSeconds", x.rerunnable, x."runInGuest", x."guestUsername",
      x."passwordSecretId"
    FROM jsonb_to_recordset($2::jsonb) AS x(id uuid, phase text, position int, command text, arguments text[], "timeoutSeconds" int,
      rerunnable boolean, "runInGuest" boolean, "guestUsername" text, "passwordSecretId" text)`,
  clearDependencies: "DELETE FROM vm_dependency WHERE vm_id = $1",
  addDependencies: "INSERT INTO vm_dependency (vm_id, depends_on_vm_id) SELECT $1, unnest($2::uuid[])",
} as const;

const run = <R extends pg.QueryResultRow>(client: Queryable, name: keyof typeof statements, values: unknown[]) =>
  client.query<R>({ name: `vm-settings-${name}`, text: statements[name], values });

export async function readSettings(client: Queryable, vmId: string): Promise<VmSettings> {
  const [row] = (await run<Omit<VmRecoverySettings, "vmId">>(client, "settings", [vmId])).rows;
  const { rows: rules } = await run<Rule>(client, "rules", [vmId]);
  const { rows: commands } = await run<Command>(client, "commands", [vmId]);
  const { rows: others } = await run<{ id: string }>(client, "dependencies", [vmId]);
  return { ...noSettings, ...row, rules, commands, dependsOnVmIds: others.map(({ id }) => id).sort() };
}

export async function writeSettings(client: Queryable, vmId: string, settings: VmSettings): Promise<void> {
  const { rules, commands, dependsOnVmIds, ...row } = settings;
  const rank = (at: number) => commands.slice(0, at).filter(({ phase }) => phase === commands[at]?.phase).length + 1;
  await run(client, "write", [
    vmId,
    row.priority,
    row.startupDelaySeconds,
    row.shutdownDelaySeconds,
    row.skipGuestShutdown,
    row.powerOnAfterRecovery,
    row.readyCheck,
    row.readyTimeoutSeconds,
    row.readyPort,
    row.readyTarget,
    row.ipCustomizationEnabled,
    row.version,
  ]);
  await run(client, "clearRules", [vmId]);
  await run(client, "addRules", [vmId, JSON.stringify(rules.map((rule, at) => ({ ...rule, position: at + 1 })))]);
  await run(client, "clearCommands", [vmId]);
  await run(client, "addCommands", [vmId, JSON.stringify(commands.map((command, at) => ({ ...command, position: rank(at) })))]);
  await run(client, "clearDependencies", [vmId]);
  await run(client, "addDependencies", [vmId, dependsOnVmIds]);
}

/** Which of these VMs there are, and where they run. */
export async function findVms(client: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, { name: string; siteId: string }>> {
  const { rows } = await client.query<{ id: string; name: string; siteId: string }>({
    name: "vms-find",
    text: `SELECT id, name, site_id AS "siteId" FROM virtual_machine WHERE id = ANY ($1::uuid[])`,
    values: [ids],
  });
  return new Map(rows.map((vm) => [vm.id, vm]));
}
