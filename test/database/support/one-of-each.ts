/** One row of each kind that a constraint speaks of, so that a case is one statement. Ids are ...0001 (first) and ...0002. */
export const first = "00000000-0000-7000-8000-000000000001";
export const second = "00000000-0000-7000-8000-000000000002";

export const oneOfEach = `
INSERT INTO user_account (id, name, password_hash) VALUES ('${first}', 'Ada', 'x');
INSERT INTO session (id, token_hash, user_id, expires_at) VALUES ('${first}', '\\x00', '${first}', dr_now() + '1 h');
INSERT INTO site (id, name, type, provider, external_id) VALUES ('${first}', 'North', 'PROTECTED', 'lab', 'n'), ('${second}', 'South', 'RECOVERY', 'lab', 's');
INSERT INTO site_pairing (id, local_site_id, remote_site_id) VALUES ('${first}', '${first}', '${second}');
INSERT INTO datastore (id, site_id, name, type, capacity_bytes, free_bytes) VALUES ('${first}', '${first}', 'ds', 'NFS', 1, 1);
INSERT INTO network (id, site_id, name, type) VALUES ('${first}', '${first}', 'lan', 'STANDARD');
INSERT INTO resource_pool (id, site_id, name, cluster) VALUES ('${first}', '${first}', 'pool', 'c');
INSERT INTO folder (id, site_id, name, path) VALUES ('${first}', '${first}', 'apps', '/apps');
INSERT INTO virtual_machine (id, site_id, external_id, name) VALUES ('${first}', '${first}', 'vm-1', 'db-1'), ('${second}', '${first}', 'vm-2', 'db-2');
INSERT INTO vm_nic (id, vm_id, nic_index) VALUES ('${first}', '${first}', 0);
INSERT INTO vm_recovery_settings (vm_id) VALUES ('${first}');
INSERT INTO vm_dependency (vm_id, depends_on_vm_id) VALUES ('${first}', '${second}');
INSERT INTO ip_rule (id, vm_id, position) VALUES ('${first}', '${first}', 0);
INSERT INTO vm_command (id, vm_id, phase, position, command) VALUES ('${first}', '${first}', 'PRE_POWER_ON', 0, 'x');
INSERT INTO protection_group (id, name, type, replication_type, protected_site_id, recovery_site_id, external_id)
  VALUES ('${first}', 'Databases', 'REPLICATION', 'SAN', '${first}', '${second}', 'g');
INSERT INTO recovery_point (id, group_id, external_id, taken_at) VALUES ('${first}', '${first}', 'p', dr_now());
INSERT INTO rpo_violation (id, vm_id, vm_name, group_id, group_name, rpo_minutes, cause, opened_at, worst_lag_seconds, current_lag_seconds)
  VALUES ('${first}', '${first}', 'db-1', '${first}', 'Databases', 15, 'LAG', dr_now(), 1, 1);
INSERT INTO lag_sample VALUES ('${first}', 60, dr_now(), 1, 2, 10, 60, 90, 0);
INSERT INTO lag_sample_open VALUES ('${first}', 60, dr_now(), 1, 2, 10, 60, 90, 0);
INSERT INTO recovery_plan (id, name, pairing_id) VALUES ('${first}', 'Shop', '${first}'), ('${second}', 'Payroll', '${first}');
INSERT INTO plan_priority_group (id, plan_id, priority, name) VALUES ('${first}', '${first}', 1, 'first');
INSERT INTO plan_step (id, priority_group_id, phase, position, type, name, duration_seconds) VALUES ('${first}', '${first}', 'PRE_POWER_ON', 0, 'PAUSE', 'wait', 5);
INSERT INTO drill (id, plan_id, name, cron, time_zone, options, prompt_policy, max_duration_seconds, owner, next_run_at)
  VALUES ('${first}', '${first}', 'Weekly', '0 3 * * 0', 'UTC', '{}', 'CONTINUE', 60, 'Ada', dr_now());
INSERT INTO drill_occurrence (id, drill_id, due_at, outcome, code, message, settled_at)
  VALUES ('${first}', '${first}', '2026-01-04T03:00:00Z', 'SKIPPED', 'MISSED', 'm', dr_now());
INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, options, initiated_by) VALUES ('${first}', '${first}', 'Shop', '${first}', 'TEST', '{}', 'Ada');
INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds) VALUES ('${first}', 1, '1', 'k', 'powerOn', 'n', '{}', 1);
INSERT INTO step_output (run_id, ordinal, tail, total_bytes) VALUES ('${first}', 1, '', 0);
INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at) VALUES ('${first}', '${first}', 1, 1, 'n', 'm', dr_now());
INSERT INTO task (id, name, type, target_id, target_type, initiated_by) VALUES ('${first}', 't', 'RECOVERY', '${first}', 'RECOVERY_PLAN', 'Ada');
INSERT INTO event (position, recovery_id, sequence, kind, payload) VALUES (1, '${first}', 1, 'PROGRESS', '{}');
INSERT INTO audit_link (position, record_id, part, hash) VALUES (1, '${first}', 'BEGUN', sha256(''));
INSERT INTO report (id, type, format, range_start, range_end, requested_by) VALUES ('${first}', 'TEST_HISTORY', 'PDF', dr_now() - interval '1 h', dr_now(), 'Ada');
INSERT INTO readiness_evaluation (plan_id, readiness, score, evaluated_at) VALUES ('${first}', 'READY', 100, dr_now());
INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_name, message, remedy, opened_at)
  VALUES ('${first}', '${first}', 'WARNING', 'NEVER_TESTED', 'RecoveryPlan', 'Shop', 'm', 'r', dr_now());
INSERT INTO webhook (id, name, url, kinds, secret) VALUES ('${first}', 'Pager', 'https://example.com', '{RUN_FAILED}', 's');
INSERT INTO notification (id, kind, key, position, occurred_at, content) VALUES ('${first}', 'RUN_FAILED', 'k', 1, dr_now(), '{}');
INSERT INTO notification_delivery (id, notification_id, channel, target_id, target_name, next_attempt_at, give_up_at)
  VALUES ('${first}', '${first}', 'WEBHOOK', '${first}', 'Pager', dr_now(), dr_now());
INSERT INTO job (id, queue, key) VALUES ('${first}', 'report', '${first}');
INSERT INTO database_generation (id, system_identifier, timeline) VALUES (1, 's', 1);
`;
