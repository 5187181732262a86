/** Reads what snapshots are made from, in a number of statements that depends on nothing, inside the transaction that holds the plan's row. */
import type pg from "pg";
import { anyOf } from "../../../database/list-parameter.ts";
import { together } from "../../../database/together.ts";
import type {
  DependencyRow,
  GroupRow,
  IpRuleRow,
  NetworkMappingRow,
  NicRow,
  PlaceMappingRow,
  PlanRow,
  PlanRows,
  PlanStepRow,
  PriorityGroupRow,
  ProbeRow,
  VmCommandRow,
  VmPlaceRow,
  VmRow,
} from "./rows.ts";

/** $1: ids of plans. */
const members = `SELECT m.vm_id FROM protected_vm m JOIN plan_protection_group g ON g.group_id = m.group_id WHERE g.plan_id = ${anyOf("$1")}`;

const statements = {
  priorityGroups: `SELECT plan_id AS "forPlanId", id, priority, name FROM plan_priority_group WHERE plan_id = ${anyOf("$1")} ORDER BY priority`,
  planSteps: `SELECT p.plan_id AS "forPlanId", s.id, s.priority_group_id AS "priorityGroupId", s.phase, s.type, s.name, s.command, s.arguments,
      s.timeout_seconds AS "timeoutSeconds", s.run_on_site AS "runOnSite", s.continue_on_failure AS "continueOnFailure",
      s.run_in_test AS "runInTest", s.rerunnable, s.message, s.default_answer AS "defaultAnswer", s.needs_two_people AS "needsTwoPeople", s.duration_seconds AS "durationSeconds"
    FROM plan_step s JOIN plan_priority_group p ON p.id = s.priority_group_id WHERE p.plan_id = ${anyOf("$1")} ORDER BY p.priority, s.phase, s.position`,
  groups: `SELECT m.plan_id AS "forPlanId", g.id, g.name, g.external_id AS "externalId", m.priority_group_id AS "priorityGroupId",
      g.protected_site_id AS "protectedSiteId", g.recovery_site_id AS "recoverySiteId", g.state, g.turned,
      EXISTS (SELECT 1 FROM recovery_point p WHERE p.group_id = g.id AND p.complete) AS "hasCompletePoint"
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id WHERE m.plan_id = ${anyOf("$1")} ORDER BY g.name, g.id`,
  vms: `SELECT g.plan_id AS "forPlanId", v.id, v.name, v.external_id AS "externalId", m.group_id AS "groupId", m.placeholder_external_id AS "placeholderExternalId",
      v.folder_id AS "folderId", f.path AS "folderName", v.resource_pool_id AS "resourcePoolId", r.name AS "resourcePoolName",
      s.priority, s.startup_delay_seconds AS "startupDelaySeconds", s.shutdown_delay_seconds AS "shutdownDelaySeconds",
      s.skip_guest_shutdown AS "skipGuestShutdown", s.power_on_after_recovery AS "powerOnAfterRecovery",
      s.ready_check AS "readyCheck", s.ready_timeout_seconds AS "readyTimeoutSeconds", s.ready_port AS "readyPort",
      s.ready_target AS "readyTarget", s.ip_customization_enabled AS "ipCustomizationEnabled"
    FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id JOIN virtual_machine v ON v.id = m.vm_id
      LEFT JOIN vm_recovery_settings s ON s.vm_id = v.id LEFT JOIN folder f ON f.id = v.folder_id LEFT JOIN resource_pool r ON r.id = v.resource_pool_id
    WHERE g.plan_id = ${anyOf("$1")} ORDER BY v.name, v.id`,
  nics: `SELECT n.vm_id AS "vmId", n.nic_index AS "nicIndex", n.network_id AS "networkId", w.name AS "networkName", n.ip_addresses AS "ipAddresses"
    FROM vm_nic n LEFT JOIN network w ON w.id = n.network_id WHERE n.vm_id IN (${members}) ORDER BY n.vm_id, n.nic_index`,
  networkMappings: `SELECT m.plan_id AS "forPlanId", m.vm_id AS "vmId", m.source_network_id AS "sourceNetworkId", m.target_network_id AS "targetNetworkId",
      t.name AS "targetName", x.name AS "testName"
    FROM (
      SELECT p.id AS plan_id, NULL::uuid AS vm_id, i.source_network_id, i.target_network_id, i.test_network_id
        FROM recovery_plan p JOIN network_mapping i ON i.pairing_id = p.pairing_id WHERE p.id = ${anyOf("$1")}
      UNION ALL
      SELECT q.plan_id, o.vm_id, o.source_network_id, o.target_network_id, o.test_network_id FROM plan_protection_group q
        JOIN protection_group g ON g.id = q.group_id JOIN protected_vm v ON v.group_id = g.id JOIN vm_network_mapping o ON o.vm_id = v.vm_id
        JOIN network n ON n.id = o.target_network_id AND n.site_id = g.recovery_site_id WHERE q.plan_id = ${anyOf("$1")}) m
      JOIN network t ON t.id = m.target_network_id LEFT JOIN network x ON x.id = m.test_network_id
    ORDER BY t.name, x.name NULLS FIRST`,
  placeMappings: `WITH pair AS (SELECT DISTINCT pairing_id FROM recovery_plan WHERE id = ${anyOf("$1")})
    SELECT m.pairing_id AS "pairingId", 'FOLDER' AS kind, m.source_folder_id AS "sourceId", f.path AS "targetName"
      FROM pair JOIN folder_mapping m USING (pairing_id) JOIN folder f ON f.id = m.target_folder_id
    UNION ALL
    SELECT m.pairing_id, 'RESOURCE_POOL', m.source_resource_pool_id, r.name
      FROM pair JOIN resource_mapping m USING (pairing_id) JOIN resource_pool r ON r.id = m.target_resource_pool_id`,
  ipRules: `SELECT vm_id AS "vmId", nic_index AS "nicIndex", source_ip AS "sourceIp", target_ip AS "targetIp", prefix_length AS "prefixLength",
      target_gateway AS "targetGateway", target_dns_servers AS "targetDnsServers", target_dns_suffix AS "targetDnsSuffix"
    FROM ip_rule WHERE vm_id IN (${members}) ORDER BY vm_id, position`,
  vmCommands: `SELECT id, vm_id AS "vmId", phase, command, arguments, timeout_seconds AS "timeoutSeconds", rerunnable,
      run_in_guest AS "runInGuest", guest_username AS "guestUsername", password_secret_id AS "passwordSecretId"
    FROM vm_command WHERE vm_id IN (${members}) ORDER BY vm_id, phase, position`,
  dependencies: `SELECT d.vm_id AS "vmId", d.depends_on_vm_id AS "dependsOnVmId", v.name AS "dependsOnName"
    FROM vm_dependency d JOIN virtual_machine v ON v.id = d.depends_on_vm_id WHERE d.vm_id IN (${members}) ORDER BY v.name`,
  probes: `SELECT vm_id AS "vmId", id, kind AS "check", port, target, timeout_seconds AS "timeoutSeconds"
    FROM vm_probe WHERE vm_id IN (${members}) ORDER BY vm_id, position`,
  vmPlaces: `SELECT g.plan_id AS "forPlanId", p.vm_id AS "vmId", p.folder, p.resource_pool AS "resourcePool", p.nics
    FROM plan_protection_group g JOIN protection_group e ON e.id = g.group_id JOIN protected_vm m ON m.group_id = e.id
      JOIN vm_place p ON p.vm_id = m.vm_id AND p.site_id = e.recovery_site_id WHERE g.plan_id = ${anyOf("$1")}`,
} as const;

type OfPlan = { readonly forPlanId: string };
type OfPair = { readonly pairingId: string };
type OfVm = { readonly vmId: string };

/** A plan, and the pair whose mappings are its own. */
export type PlanOfPair = PlanRow & OfPair;

const ofPlans = <R extends OfPlan>(rows: readonly R[]) => Map.groupBy(rows, ({ forPlanId }) => forPlanId);

const ofPairs = <R extends OfPair>(rows: readonly R[]) => Map.groupBy(rows, ({ pairingId }) => pairingId);

/** Of each of these plans. A VM may be in several of them. Sent together: each answer would be waited for in a transaction that holds rows. */
export async function readRows(client: Pick<pg.ClientBase, "query">, ids: readonly string[]): Promise<(plan: PlanOfPair) => PlanRows> {
  const read = async <R extends pg.QueryResultRow>(name: keyof typeof statements) =>
    (await client.query<R>({ name: `snapshot-${name}`, text: statements[name], values: [ids] })).rows;
  const [
    priorityGroups,
    planSteps,
    groups,
    vms,
    nics,
    networkMappings,
    placeMappings,
    ipRules,
    vmCommands,
    dependencies,
    probes,
    vmPlaces,
  ] = await together([
    read<PriorityGroupRow & OfPlan>("priorityGroups").then(ofPlans),
    read<PlanStepRow & OfPlan>("planSteps").then(ofPlans),
    read<GroupRow & OfPlan>("groups").then(ofPlans),
    read<VmRow & OfPlan>("vms").then(ofPlans),
    read<NicRow>("nics"),
    read<NetworkMappingRow & OfPlan>("networkMappings").then(ofPlans),
    read<PlaceMappingRow & OfPair>("placeMappings").then(ofPairs),
    read<IpRuleRow>("ipRules"),
    read<VmCommandRow>("vmCommands"),
    read<DependencyRow>("dependencies"),
    read<ProbeRow>("probes"),
    read<VmPlaceRow & OfPlan>("vmPlaces").then(ofPlans),
  ]);
  const ofVms = byPlanOfVm(vms);
  const [ownNics, ownIpRules, ownCommands, ownDependencies, ownProbes] = [
    ofVms(nics),
    ofVms(ipRules),
    ofVms(vmCommands),
    ofVms(dependencies),
    ofVms(probes),
  ];
  return (plan) => ({
    plan,
    priorityGroups: priorityGroups.get(plan.id) ?? [],
    planSteps: planSteps.get(plan.id) ?? [],
    groups: groups.get(plan.id) ?? [],
    vms: vms.get(plan.id) ?? [],
    nics: ownNics(plan.id),
    networkMappings: networkMappings.get(plan.id) ?? [],
    placeMappings: placeMappings.get(plan.pairingId) ?? [],
    ipRules: ownIpRules(plan.id),
    vmCommands: ownCommands(plan.id),
    dependencies: ownDependencies(plan.id),
    probes: ownProbes(plan.id),
    vmPlaces: vmPlaces.get(plan.id) ?? [],
  });
}

/** Gives each plan the rows of its VMs, in their order. */
function byPlanOfVm(vms: ReadonlyMap<string, readonly Pick<VmRow, "id">[]>) {
  const plansOf = new Map<string, string[]>();
  for (const [planId, own] of vms) {
    for (const { id } of own) {
      const plans = plansOf.get(id);
      if (plans === undefined) plansOf.set(id, [planId]);
      else plans.push(planId);
    }
  }
  return <R extends OfVm>(rows: readonly R[]) => {
    const found = new Map<string, R[]>([...vms.keys()].map((planId) => [planId, []]));
    for (const row of rows) for (const planId of plansOf.get(row.vmId) ?? []) found.get(planId)?.push(row);
    return (planId: string): readonly R[] => found.get(planId) ?? [];
  };
}

/** Of one plan. */
export const readPlanRows = async (client: pg.ClientBase, plan: PlanOfPair): Promise<PlanRows> => (await readRows(client, [plan.id]))(plan);
