/**
 * The statements that fill a database, in order. Numbers come from the caller and are numbers; everything follows from a row's number, so
 * that each filling is the same but for its ids and the time of day.
 */

/** The last quarter of an hour's synchronisation of a group; a day is its RPO, so that it stays in time as long as anything here runs. */
const synced = "dr_now() - interval '1 minute' - (n % 600) * interval '1 second'";
const rpoMinutes = 1440;
/** When what the gateway does by itself is due again: not while it is measured, unless a part wants it. */
const dueAgain = "dr_now() + interval '12 hours' + (n % 3600) * interval '1 second'";

/** Pairs of sites, with an inventory of one each, all of it mapped. */
export const places = (pairs: number): string[] => [
  `CREATE TEMP TABLE made_pair ON COMMIT DROP AS SELECT n, uuidv7() AS id, uuidv7() AS a, uuidv7() AS b, uuidv7() AS network_a, uuidv7() AS network_b, uuidv7() AS test_b,
    uuidv7() AS folder_a, uuidv7() AS folder_b, uuidv7() AS pool_a, uuidv7() AS pool_b, uuidv7() AS store_a, uuidv7() AS store_b
    FROM generate_series(1, ${pairs}) n`,
  `INSERT INTO site (id, name, type, provider, provider_version, external_id, heartbeat_at, datacenter, vcenter_server, vcenter_version, refreshed_at,
      refresh_due_at, capabilities)
    SELECT s.id, s.name, s.type::"SiteType", 'lab', '1.0', s.name, dr_now(), s.datacenter, 'vc.example.com', '8.0', dr_now(), ${dueAgain},
      '{"ipCustomisation":"BEFORE_POWER_ON","guestCommands":true,"folders":true,"resourcePools":true,"minimumRpoMinutes":1,"maximumPointInTimeInstances":64}'
    FROM made_pair, LATERAL (VALUES (a, 'site-a-' || n, 'PROTECTED', 'DC'), (b, 'site-b-' || n, 'RECOVERY', 'DR')) AS s (id, name, type, datacenter)`,
  `INSERT INTO site_pairing (id, local_site_id, remote_site_id, last_heartbeat_at, replication_health) SELECT id, a, b, dr_now(), 'HEALTHY' FROM made_pair`,
  `INSERT INTO array_manager (id, pairing_id, name, type, replicated_devices) SELECT uuidv7(), id, 'SRA', 'SAN', 10 FROM made_pair`,
  `INSERT INTO replication_server (id, pairing_id, name, replicated_vms) SELECT uuidv7(), id, 'VR', 25 FROM made_pair`,
  `INSERT INTO network (id, site_id, name, type, vlan_id) SELECT x.id, x.site, x.name, x.type::"NetworkType", x.vlan FROM made_pair,
    LATERAL (VALUES (network_a, a, 'VM Network', 'STANDARD', 100), (network_b, b, 'DR Network', 'STANDARD', 200),
      (test_b, b, 'Test Network', 'ISOLATED', NULL)) AS x (id, site, name, type, vlan)`,
  `INSERT INTO folder (id, site_id, name, path) SELECT x.id, x.site, x.name, x.path FROM made_pair,
    LATERAL (VALUES (folder_a, a, 'Production', '/DC/vm/Production'), (folder_b, b, 'Recovered', '/DR/vm/Recovered')) AS x (id, site, name, path)`,
  `INSERT INTO resource_pool (id, site_id, name, cluster) SELECT x.id, x.site, x.name, x.cluster FROM made_pair,
    LATERAL (VALUES (pool_a, a, 'Prod-RP', 'Prod-Cluster'), (pool_b, b, 'DR-RP', 'DR-Cluster')) AS x (id, site, name, cluster)`,
  `INSERT INTO datastore (id, site_id, name, type, capacity_bytes, free_bytes, replication_state)
    SELECT x.id, x.site, x.name, 'VMFS', 536870912000, 268435456000, x.state::"ReplicationState" FROM made_pair,
    LATERAL (VALUES (store_a, a, 'Prod-DS', 'SYNCED'), (store_b, b, 'DR-DS', 'NOT_REPLICATED')) AS x (id, site, name, state)`,
  `INSERT INTO network_mapping (id, pairing_id, source_network_id, target_network_id, test_network_id)
    SELECT uuidv7(), id, network_a, network_b, test_b FROM made_pair`,
  `INSERT INTO folder_mapping (id, pairing_id, source_folder_id, target_folder_id) SELECT uuidv7(), id, folder_a, folder_b FROM made_pair`,
  `INSERT INTO resource_mapping (id, pairing_id, source_resource_pool_id, target_resource_pool_id) SELECT uuidv7(), id, pool_a, pool_b FROM made_pair`,
];

interface PlansSize {
  readonly plans: number;
  readonly groupsPerPlan: number;
  readonly plansPerPair: number;
}

/** Each plan has two priority groups, or one when it has one group. */
export const recoveryPlans = ({ plans, groupsPerPlan, plansPerPair }: PlansSize): string[] => [
  `CREATE TEMP TABLE made_plan ON COMMIT DROP AS SELECT n, uuidv7() AS id, uuidv7() AS first_tier, uuidv7() AS second_tier, 1 + (n - 1) / ${plansPerPair} AS pair
    FROM generate_series(1, ${plans}) n`,
  `CREATE TEMP TABLE made_group ON COMMIT DROP AS SELECT p.n AS plan, g, (p.n - 1) * ${groupsPerPlan} + g AS n, uuidv7() AS id, p.id AS plan_id, p.pair,
      CASE WHEN g <= ${Math.ceil(groupsPerPlan / 2)} THEN p.first_tier ELSE p.second_tier END AS tier,
      'plan-' || lpad(p.n::text, 5, '0') || ' group ' || lpad(g::text, 2, '0') AS name
    FROM made_plan p, generate_series(1, ${groupsPerPlan}) g ORDER BY p.n, g`,
  `INSERT INTO recovery_plan (id, name, description, pairing_id, default_startup_delay_seconds, rto_target_seconds, last_test_at, last_test_result)
    SELECT p.id, 'plan-' || lpad(p.n::text, 5, '0'), 'What belongs to application ' || p.n, i.id, 30, 3600,
      CASE WHEN p.n % 10 > 0 THEN dr_now() - (1 + p.n % 60) * interval '1 day' END, CASE WHEN p.n % 10 > 0 THEN 'SUCCESS'::"ResultState" END
    FROM made_plan p JOIN made_pair i ON i.n = p.pair ORDER BY p.n`,
  `INSERT INTO plan_priority_group (id, plan_id, priority, name)
    SELECT x.id, p.id, x.priority, 'Tier ' || x.priority FROM made_plan p, LATERAL (VALUES (p.first_tier, 1), (p.second_tier, 2)) AS x (id, priority)
    WHERE x.priority <= ${groupsPerPlan} ORDER BY p.n, x.priority`,
  `INSERT INTO protection_group (id, name, description, type, replication_type, protected_site_id, recovery_site_id, external_id, peer_state, rpo_minutes,
      last_test_at)
    SELECT g.id, g.name, '', 'REPLICATION', 'HOST', i.a, i.b, 'set-' || g.n, 'READY', ${rpoMinutes}, p.last_test_at
    FROM made_group g JOIN made_pair i ON i.n = g.pair JOIN recovery_plan p ON p.id = g.plan_id ORDER BY g.n`,
  `INSERT INTO plan_protection_group (plan_id, group_id, priority_group_id) SELECT plan_id, id, tier FROM made_group ORDER BY n`,
];

/** VMs, each a member of its group, configured and synchronised. */
export const protection = (vmsPerGroup: number): string[] => [
  `CREATE TEMP TABLE made_vm ON COMMIT DROP AS SELECT (g.n - 1) * ${vmsPerGroup} + v AS n, v, uuidv7() AS id, g.id AS group_id, g.n AS group_number, g.pair,
      'p' || lpad(g.plan::text, 5, '0') || '-g' || g.g || '-vm-' || lpad(v::text, 3, '0') AS name
    FROM made_group g, generate_series(1, ${vmsPerGroup}) v ORDER BY g.n, v`,
  `INSERT INTO virtual_machine (id, site_id, external_id, name, power_state, guest_os, cpu_count, memory_mb, disk_bytes, cluster, host, datastore_id, folder_id,
      resource_pool_id)
    SELECT v.id, i.a, 'vm-' || v.n, v.name, CASE WHEN v.n % 20 > 0 THEN 'POWERED_ON' ELSE 'POWERED_OFF' END::"PowerState",
      CASE WHEN v.n % 3 > 0 THEN 'Debian GNU/Linux 13' ELSE 'Windows Server 2025' END, 1 + v.n % 8, 1024 * (1 + v.n % 16), (20 + v.n % 80) * 1073741824::bigint,
      'Prod-Cluster', 'host-' || lpad((1 + v.n % 32)::text, 2, '0'), i.store_a, i.folder_a, i.pool_a
    FROM made_vm v JOIN made_pair i ON i.n = v.pair ORDER BY v.n`,
  `INSERT INTO protected_vm (vm_id, group_id, name_key, protection_state, placeholder_name, placeholder_external_id, recovery_datastore_id, replication_state, last_sync_at)
    SELECT v.id, v.group_id, lower(v.name), 'SHADOWING', v.name || '-placeholder', 'placeholder-' || v.n, i.store_b, 'SYNCED', ${synced.replaceAll("n %", "v.group_number %")}
    FROM made_vm v JOIN made_pair i ON i.n = v.pair ORDER BY v.n`,
  `INSERT INTO vm_nic (id, vm_id, nic_index, network_id, mac_address, ip_addresses)
    SELECT uuidv7(), v.id, 0, i.network_a, NULL, ARRAY['10.' || v.n / 65536 || '.' || v.n / 256 % 256 || '.' || v.n % 256]
    FROM made_vm v JOIN made_pair i ON i.n = v.pair ORDER BY v.n`,
];

/** What the gateway has found out by itself: a point of each group, its lag, and that each plan is ready. */
export const standing: readonly string[] = [
  `INSERT INTO recovery_point (id, group_id, external_id, taken_at, complete, completed_at, size_bytes)
    SELECT uuidv7(), id, 'point-' || n, ${synced}, true, ${synced} + interval '5 seconds', 1073741824 FROM made_group ORDER BY n`,
  `INSERT INTO replication_cycle (group_id, next_at, started_at, last_success_at) SELECT id, ${dueAgain}, ${synced}, ${synced} FROM made_group ORDER BY n`,
  `INSERT INTO group_lag (group_id, measured_at, judged, point_taken_at) SELECT id, dr_now(), true, ${synced} FROM made_group ORDER BY n`,
  `INSERT INTO readiness_evaluation (plan_id, readiness, score, evaluated_at, due_at, forecast_rto_seconds)
    SELECT id, CASE WHEN n % 10 > 0 THEN 'READY' ELSE 'AT_RISK' END::"Readiness", CASE WHEN n % 10 > 0 THEN 100 ELSE 90 END, dr_now(), ${dueAgain}, 900
    FROM made_plan ORDER BY n`,
  `INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_id, object_name, recovery_types, message, remedy, opened_at)
    SELECT uuidv7(), id, 'WARNING', 'NEVER_TESTED', 'RecoveryPlan', id, 'plan-' || lpad(n::text, 5, '0'), ARRAY['TEST', 'PLANNED', 'DISASTER'],
      'It was never tested.', 'Test it.', dr_now() FROM made_plan WHERE n % 10 = 0 ORDER BY n`,
];
