/** Reads what a snapshot is made from, in a constant number of statements, inside the transaction that holds the plan's row. */
import type pg from "pg";
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

const membersOfPlan = `SELECT m.vm_id FROM protected_vm m JOIN plan_protection_group g ON g.group_id = m.group_id WHERE g.plan_id = $1`;

const statements = {
  priorityGroups: `SELECT id, priority, name FROM plan_priority_group WHERE plan_id = $1 ORDER BY priority`,
  planSteps: `SELECT s.id, s.priority_group_id AS "priorityGroupId", s.phase, s.type, s.name, s.command, s.arguments,
      s.timeout_seconds AS "timeoutSeconds", s.run_on_site AS "runOnSite", s.continue_on_failure AS "continueOnFailure",
      s.run_in_test AS "runInTest", s.rerunnable, s.message, s.default_answer AS "defaultAnswer", s.needs_two_people AS "needsTwoPeople", s.duration_seconds AS "durationSeconds"
    FROM plan_step s JOIN plan_priority_group p ON p.id = s.priority_group_id WHERE p.plan_id = $1 ORDER BY p.priority, s.phase, s.position`,
  groups: `SELECT g.id, g.name, g.external_id AS "externalId", m.priority_group_id AS "priorityGroupId",
      g.protected_site_id AS "protectedSiteId", g.recovery_site_id AS "recoverySiteId", g.state, g.turned,
      EXISTS (SELECT 1 FROM recovery_point p WHERE p.group_id = g.id AND p.complete) AS "hasCompletePoint"
    FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id WHERE m.plan_id = $1 ORDER BY g.name, g.id`,
  vms: `SELECT v.id, v.name, v.external_id AS "externalId", m.group_id AS "groupId", m.placeholder_external_id AS "placeholderExternalId",
      v.folder_id AS "folderId", f.path AS "folderName", v.resource_pool_id AS "resourcePoolId", r.name AS "resourcePoolName",
      s.priority, s.startup_delay_seconds AS "startupDelaySeconds", s.shutdown_delay_seconds AS "shutdownDelaySeconds",
      s.skip_guest_shutdown AS "skipGuestShutdown", s.power_on_after_recovery AS "powerOnAfterRecovery",
      s.ready_check AS "readyCheck", s.ready_timeout_seconds AS "readyTimeoutSeconds", s.ready_port AS "readyPort",
      s.ready_target AS "readyTarget", s.ip_customization_enabled AS "ipCustomizationEnabled"
    FROM plan_protection_group g JOIN protected_vm m ON m.group_id = g.group_id JOIN virtual_machine v ON v.id = m.vm_id
      LEFT JOIN vm_recovery_settings s ON s.vm_id = v.id LEFT JOIN folder f ON f.id = v.folder_id LEFT JOIN resource_pool r ON r.id = v.resource_pool_id
    WHERE g.plan_id = $1 ORDER BY v.name, v.id`,
  nics: `SELECT n.vm_id AS "vmId", n.nic_index AS "nicIndex", n.network_id AS "networkId", w.name AS "networkName", n.ip_addresses AS "ipAddresses"
    FROM vm_nic n LEFT JOIN network w ON w.id = n.network_id WHERE n.vm_id IN (${membersOfPlan}) ORDER BY n.vm_id, n.nic_index`,
  networkMappings: `SELECT m.vm_id AS "vmId", m.source_network_id AS "sourceNetworkId", m.target_network_id AS "targetNetworkId",
      t.name AS "targetName", x.name AS "testName"
    FROM (
      SELECT NULL::uuid AS vm_id, source_network_id, target_network_id, test_network_id FROM network_mapping
        WHERE pairing_id = (SELECT pairing_id FROM recovery_plan WHERE id = $1)
      UNION ALL
      SELECT o.vm_id, o.source_network_id, o.target_network_id, o.test_network_id FROM vm_network_mapping o
        JOIN network n ON n.id = o.target_network_id JOIN protected_vm v ON v.vm_id = o.vm_id
        JOIN protection_group g ON g.id = v.group_id AND g.recovery_site_id = n.site_id
        WHERE o.vm_id IN (${membersOfPlan})) m
      JOIN network t ON t.id = m.target_network_id LEFT JOIN network x ON x.id = m.test_network_id
    ORDER BY t.name, x.name NULLS FIRST`,
  placeMappings: `SELECT 'FOLDER' AS kind, m.source_folder_id AS "sourceId", f.path AS "targetName"
      FROM folder_mapping m JOIN folder f ON f.id = m.target_folder_id WHERE m.pairing_id = (SELECT pairing_id FROM recovery_plan WHERE id = $1)
    UNION ALL
    SELECT 'RESOURCE_POOL', m.source_resource_pool_id, r.name
      FROM resource_mapping m JOIN resource_pool r ON r.id = m.target_resource_pool_id
      WHERE m.pairing_id = (SELECT pairing_id FROM recovery_plan WHERE id = $1)`,
  ipRules: `SELECT vm_id AS "vmId", nic_index AS "nicIndex", source_ip AS "sourceIp", target_ip AS "targetIp", prefix_length AS "prefixLength",
      target_gateway AS "targetGateway", target_dns_servers AS "targetDnsServers", target_dns_suffix AS "targetDnsSuffix"
    FROM ip_rule WHERE vm_id IN (${membersOfPlan}) ORDER BY vm_id, position`,
  vmCommands: `SELECT id, vm_id AS "vmId", phase, command, arguments, timeout_seconds AS "timeoutSeconds", rerunnable,
      run_in_guest AS "runInGuest", guest_username AS "guestUsername", password_secret_id AS "passwordSecretId"
    FROM vm_command WHERE vm_id IN (${membersOfPlan}) ORDER BY vm_id, phase, position`,
  dependencies: `SELECT d.vm_id AS "vmId", d.depends_on_vm_id AS "dependsOnVmId", v.name AS "dependsOnName"
    FROM vm_dependency d JOIN virtual_machine v ON v.id = d.depends_on_vm_id WHERE d.vm_id IN (${membersOfPlan}) ORDER BY v.name`,
  probes: `SELECT vm_id AS "vmId", id, kind AS "check", port, target, timeout_seconds AS "timeoutSeconds"
    FROM vm_probe WHERE vm_id IN (${membersOfPlan}) ORDER BY vm_id, position`,
  vmPlaces: `SELECT p.vm_id AS "vmId", p.folder, p.resource_pool AS "resourcePool", p.nics
    FROM plan_protection_group g JOIN protection_group e ON e.id = g.group_id JOIN protected_vm m ON m.group_id = e.id
      JOIN vm_place p ON p.vm_id = m.vm_id AND p.site_id = e.recovery_site_id WHERE g.plan_id = $1`,
} as const;

export async function readPlanRows(client: pg.ClientBase, plan: PlanRow): Promise<PlanRows> {
  const read = async <R extends pg.QueryResultRow>(name: keyof typeof statements) =>
    (await client.query<R>({ name: `snapshot-${name}`, text: statements[name], values: [plan.id] })).rows;
  return {
    plan,
    priorityGroups: await read<PriorityGroupRow>("priorityGroups"),
    planSteps: await read<PlanStepRow>("planSteps"),
    groups: await read<GroupRow>("groups"),
    vms: await read<VmRow>("vms"),
    nics: await read<NicRow>("nics"),
    networkMappings: await read<NetworkMappingRow>("networkMappings"),
    placeMappings: await read<PlaceMappingRow>("placeMappings"),
    ipRules: await read<IpRuleRow>("ipRules"),
    vmCommands: await read<VmCommandRow>("vmCommands"),
    dependencies: await read<DependencyRow>("dependencies"),
    probes: await read<ProbeRow>("probes"),
    vmPlaces: await read<VmPlaceRow>("vmPlaces"),
  };
}
