import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { first, oneOfEach, second } from "./support/one-of-each.ts";

const aRun = (id: string, plan: string, kind: string) =>
  `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, options, initiated_by) VALUES ('${id}', '${plan}', 'p', '${first}', '${kind}', '{}', 'Ada')`;
const aSite = (name: string) =>
  `INSERT INTO site (id, name, type, provider, external_id) VALUES (gen_random_uuid(), '${name}', 'RECOVERY', 'lab', 'x')`;
const vmSettings = (change: string) => `UPDATE vm_recovery_settings SET ${change}`;
const plan = (change: string) => `UPDATE recovery_plan SET ${change} WHERE id = '${first}'`;
const group = (change: string) => `UPDATE protection_group SET ${change}`;
const recovery = (change: string) => `UPDATE recovery SET ${change}`;

/** What each constraint refuses. */
const cases: readonly (readonly [name: string, refused: string])[] = [
  ["user_account_name_unique", "INSERT INTO user_account (id, name, password_hash) VALUES (gen_random_uuid(), 'ADA', 'x')"],
  ["site_name_unique", aSite("NORTH")],
  [
    "protection_group_name_unique",
    `INSERT INTO protection_group (id, name, type, replication_type, protected_site_id, recovery_site_id, external_id)
    VALUES ('${second}', 'DATABASES', 'REPLICATION', 'SAN', '${first}', '${second}', 'g2')`,
  ],
  ["recovery_plan_name_unique", plan("name = 'PAYROLL'")],
  [
    "drill_name_unique",
    `INSERT INTO drill (id, plan_id, name, cron, time_zone, options, prompt_policy, max_duration_seconds, owner, next_run_at)
    VALUES ('${second}', '${first}', 'WEEKLY', '', 'UTC', '{}', 'CONTINUE', 60, 'Ada', dr_now())`,
  ],
  [
    "datastore_name_unique",
    `INSERT INTO datastore (id, site_id, name, type, capacity_bytes, free_bytes) VALUES ('${second}', '${first}', 'DS', 'NFS', 1, 1)`,
  ],
  ["network_name_unique", `INSERT INTO network (id, site_id, name, type) VALUES ('${second}', '${first}', 'LAN', 'STANDARD')`],
  ["resource_pool_name_unique", `INSERT INTO resource_pool (id, site_id, name, cluster) VALUES ('${second}', '${first}', 'POOL', 'c')`],
  ["virtual_machine_name_unique", `UPDATE virtual_machine SET name = 'DB-1' WHERE id = '${second}'`],
  ["folder_path_unique", `INSERT INTO folder (id, site_id, name, path) VALUES ('${second}', '${first}', 'apps', '/APPS')`],
  [
    "site_pairing_stored_once",
    `INSERT INTO site_pairing (id, local_site_id, remote_site_id) VALUES ('${second}', '${second}', '${first}')`,
  ],
  ["recovery_one_open_run_per_plan", aRun(second, first, "CLEANUP")],
  ["recovery_one_open_test_per_pair", aRun(second, second, "TEST")],
  ["user_account_name_trimmed", "UPDATE user_account SET name = ' Ada'"],
  ["site_name_trimmed", aSite("")],
  ["protection_group_name_trimmed", group("name = 'x '")],
  ["recovery_plan_name_trimmed", plan("name = ''")],
  ["drill_name_trimmed", "UPDATE drill SET name = ' x'"],
  ["site_pairing_two_sites", `UPDATE site_pairing SET remote_site_id = local_site_id`],
  ["datastore_sizes_not_negative", "UPDATE datastore SET free_bytes = -1"],
  ["virtual_machine_sizes", "UPDATE virtual_machine SET cpu_count = 0"],
  ["vm_nic_index_not_negative", "UPDATE vm_nic SET nic_index = -1"],
  ["vm_recovery_settings_delays_not_negative", vmSettings("startup_delay_seconds = -1")],
  ["vm_recovery_settings_ready_timeout_positive", vmSettings("ready_timeout_seconds = 0")],
  ["vm_recovery_settings_ready_port", vmSettings("ready_check = 'TCP'")],
  ["vm_recovery_settings_ready_port", vmSettings("ready_port = 65536")],
  ["vm_recovery_settings_ready_script", vmSettings("ready_check = 'SCRIPT'")],
  ["vm_dependency_not_on_itself", "UPDATE vm_dependency SET depends_on_vm_id = vm_id"],
  ["ip_rule_prefix_length", "UPDATE ip_rule SET prefix_length = 129"],
  ["vm_command_timeout_positive", "UPDATE vm_command SET timeout_seconds = 0"],
  [
    "readiness_finding_open",
    `INSERT INTO readiness_finding (id, plan_id, severity, code, object_type, object_name, message, remedy, opened_at)
    VALUES ('${second}', '${first}', 'BLOCKER', 'NEVER_TESTED', 'RecoveryPlan', 'Shop', '', '', dr_now())`,
  ],
  ["readiness_finding_times", "UPDATE readiness_finding SET resolved_at = opened_at - interval '1 s'"],
  ["readiness_evaluation_score", "UPDATE readiness_evaluation SET score = 101"],
  ["readiness_evaluation_evaluated", "UPDATE readiness_evaluation SET score = NULL"],
  ["readiness_cursor_one", "INSERT INTO readiness_cursor (id) VALUES (2)"],
  ["access_version_one", "INSERT INTO access_version (id) VALUES (2)"],
  ["vm_command_in_guest_after_power_on", "UPDATE vm_command SET run_in_guest = true"],
  ["protection_group_two_sites", group("recovery_site_id = protected_site_id")],
  ["protection_group_rpo", group("rpo_minutes = 10081")],
  ["protection_group_point_in_time_instances", group("point_in_time_instances = 65")],
  ["protection_group_snapshots_positive", group("snapshot_interval_minutes = 0")],
  ["recovery_point_size_not_negative", "UPDATE recovery_point SET size_bytes = -1"],
  ["rpo_violation_closed_after_opened", "UPDATE rpo_violation SET closed_at = opened_at - interval '1 s'"],
  [
    "rpo_violation_one_open",
    'INSERT INTO rpo_violation SELECT (json_populate_record(v, \'{"id": "00000000-0000-7000-8000-000000000002"}\')).* FROM rpo_violation v',
  ],
  ["lag_sample_lag", "UPDATE lag_sample SET max_lag_seconds = min_lag_seconds - 1"],
  ["lag_sample_time", "UPDATE lag_sample SET vm_seconds = 0"],
  ["lag_sample_open_lag", "UPDATE lag_sample_open SET max_lag_seconds = min_lag_seconds - 1"],
  ["lag_sample_open_time", "UPDATE lag_sample_open SET vm_seconds = 0"],
  ["recovery_notes_edited", recovery("notes_edited_by = 'Ada'")],
  ["recovery_plan_delays_not_negative", plan("default_startup_delay_seconds = -1")],
  ["recovery_plan_rto_positive", plan("rto_target_seconds = 0")],
  ["plan_priority_group_priority", "UPDATE plan_priority_group SET priority = 101"],
  ["plan_step_timeout_positive", "UPDATE plan_step SET timeout_seconds = 0"],
  ["plan_step_pause_duration", "UPDATE plan_step SET duration_seconds = 86401"],
  ["plan_step_complete", "UPDATE plan_step SET type = 'COMMAND'"],
  ["plan_step_complete", "UPDATE plan_step SET type = 'PROMPT'"],
  ["drill_max_duration_positive", "UPDATE drill SET max_duration_seconds = 0"],
  ["drill_max_lag_positive", "UPDATE drill SET max_lag_minutes = 0"],
  ["drill_next_run_when_enabled", "UPDATE drill SET next_run_at = NULL"],
  [
    "drill_occurrence_due_once",
    `INSERT INTO drill_occurrence (id, drill_id, due_at, outcome, code, message)
    SELECT '${second}', drill_id, due_at, 'SKIPPED', 'PLAN_BUSY', 'm' FROM drill_occurrence`,
  ],
  ["drill_occurrence_run_unless_skipped", "UPDATE drill_occurrence SET run_id = id"],
  ["drill_occurrence_reason_when_not_well", "UPDATE drill_occurrence SET message = NULL"],
  ["drill_occurrence_end_when_over", "UPDATE drill_occurrence SET ended_at = dr_now()"],
  ["drill_occurrence_cleanup_unless_skipped", "UPDATE drill_occurrence SET cleanup = 'LEFT'"],
  ["drill_occurrence_settled_when_over", "UPDATE drill_occurrence SET outcome = 'STARTED', run_id = id, cleanup = 'NOT_WANTED'"],
  [
    "webhook_name_unique",
    "INSERT INTO webhook (id, name, url, kinds, secret) VALUES (gen_random_uuid(), 'PAGER', '', '{RUN_FAILED}', 's')",
  ],
  ["webhook_name_trimmed", "UPDATE webhook SET name = ' x'"],
  ["webhook_kinds", "UPDATE webhook SET kinds = '{}'"],
  ["webhook_previous_secret_ends", "UPDATE webhook SET previous_secret = 's'"],
  ["user_account_email_for_kinds", "UPDATE user_account SET email_kinds = '{RUN_FAILED}'"],
  [
    "notification_kind_key_key",
    `INSERT INTO notification (id, kind, key, position, occurred_at, content) VALUES ('${second}', 'RUN_FAILED', 'k', 2, dr_now(), '{}')`,
  ],
  [
    "notification_delivery_notification_id_channel_target_id_key",
    `INSERT INTO notification_delivery (id, notification_id, channel, target_id, target_name, next_attempt_at, give_up_at)
    VALUES ('${second}', '${first}', 'WEBHOOK', '${first}', 'Pager', dr_now(), dr_now())`,
  ],
  ["notification_delivery_due_while_pending", "UPDATE notification_delivery SET state = 'FAILED'"],
  [
    "notification_delivery_claimed_while_pending",
    `UPDATE notification_delivery SET state = 'FAILED', next_attempt_at = NULL, ended_at = dr_now(), claim = '${first}'`,
  ],
  ["notification_delivery_attempts_not_negative", "UPDATE notification_delivery SET attempts = -1"],
  ["notification_cursor_one_row", "UPDATE notification_cursor SET id = 2"],
  ["recovery_result_when_ended", recovery("state = 'COMPLETED', ended_at = dr_now()")],
  ["recovery_result_when_ended", recovery("result_state = 'SUCCESS'")],
  ["recovery_state_when_ended", recovery("ended_at = dr_now(), result_state = 'SUCCESS'")],
  ["recovery_reason_when_paused", recovery("state = 'PAUSED'")],
  ["recovery_reason_when_paused", recovery("paused_reason = 'OPERATOR'")],
  ["recovery_owner_has_lease", recovery(`owner = '${first}'`)],
  ["recovery_counters_not_negative", recovery("last_event = -1")],
  ["recovery_progress_percent", recovery("progress_percent = 101")],
  ["recovery_only_cleanup_cleans_up", recovery(`cleans_up_id = '${second}'`)],
  ["recovery_step_ordinal", "UPDATE recovery_step SET ordinal = 0"],
  ["recovery_step_ordinal", "UPDATE recovery_step SET parent = ordinal"],
  ["recovery_step_attempt", "UPDATE recovery_step SET attempt = 0"],
  ["recovery_step_progress_percent", "UPDATE recovery_step SET progress_percent = -1"],
  ["recovery_step_expected_not_negative", "UPDATE recovery_step SET expected_seconds = -1"],
  ["step_output_total_not_negative", "UPDATE step_output SET total_bytes = -1"],
  ["recovery_prompt_answered_once", "UPDATE recovery_prompt SET answer = 'CONTINUE'"],
  ["recovery_prompt_answered_once", "UPDATE recovery_prompt SET answer = 'CONTINUE', answered_at = dr_now(), withdrawn_at = dr_now()"],
  ["task_state_when_ended", "UPDATE task SET state = 'COMPLETED'"],
  ["task_progress_percent", "UPDATE task SET progress_percent = 101"],
  ["event_position", "UPDATE event SET position = 0"],
  ["event_sequence", "UPDATE event SET sequence = 0"],
  ["event_sequence_in_recovery", "UPDATE event SET sequence = NULL"],
  [
    "event_recovery_id_sequence_key",
    `INSERT INTO event (position, recovery_id, sequence, kind, payload) VALUES (2, '${first}', 1, 'PROGRESS', '{}')`,
  ],
  ["recovery_step_pkey", "INSERT INTO recovery_step SELECT * FROM recovery_step"],
  ["group_use_pkey", `INSERT INTO group_use (group_id, run_id) VALUES ('${first}', '${first}'), ('${first}', '${first}')`],
  ["event_counter_one_row", "INSERT INTO event_counter (id) VALUES (2)"],
  ["event_counter_not_negative", "UPDATE event_counter SET value = -1"],
  ["event_counter_reaches_kept_after", "UPDATE event_counter SET kept_after = value + 1"],
  ["event_counter_removed", "UPDATE event_counter SET removed_count = value + 1"],
  ["event_counter_removed", "UPDATE event_counter SET removed_position = kept_after + 1"],
  ["event_counter_removed_hash_length", "UPDATE event_counter SET removed_hash = ''"],
  ["event_hash_length", "UPDATE event SET hash = '\\x00'"],
  ["audit_link_position", "UPDATE audit_link SET position = 0"],
  ["audit_link_hash_length", "UPDATE audit_link SET hash = ''"],
  ["audit_link_record_id_part_key", "INSERT INTO audit_link SELECT position + 1, record_id, part, hash FROM audit_link"],
  ["audit_counter_one_row", "UPDATE audit_counter SET id = 2"],
  ["audit_counter_not_negative", "UPDATE audit_counter SET value = -1"],
  ["audit_counter_hash_length", "UPDATE audit_counter SET hash = ''"],
  ["session_expires_after_start", "UPDATE session SET expires_at = created_at"],
  ["report_range", "UPDATE report SET range_end = range_start"],
  ["report_progress_percent", "UPDATE report SET progress_percent = 101"],
  ["report_content_when_completed", "UPDATE report SET state = 'COMPLETED'"],
  ["report_content_when_completed", "UPDATE report SET state = 'EXPIRED', content = '\\x00'"],
  ["report_failure_when_failed", "UPDATE report SET state = 'FAILED'"],
  ["report_kept_for_a_time", "UPDATE report SET state = 'COMPLETED', content = '\\x00', generated_at = dr_now()"],
  ["job_attempt_not_negative", "UPDATE job SET attempt = -1"],
  ["job_owner_has_lease", `UPDATE job SET owner = '${first}'`],
  ["job_queue_key_key", "INSERT INTO job (id, queue, key) SELECT gen_random_uuid(), queue, key FROM job"],
  ["database_generation_one_row", "UPDATE database_generation SET id = 2"],
  ["database_generation_positive", "UPDATE database_generation SET generation = 0"],
];

describe("the database refuses what must never be true", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await freshDatabase();
    await db.database.pool.query(oneOfEach);
  });
  afterAll(() => db.drop());

  it.each(cases)("%s: %s", async (constraint, refused) => {
    await expect(db.database.pool.query(refused)).rejects.toMatchObject({ constraint });
  });

  it("and every rule that was written by hand is among these", async () => {
    const { rows } = await db.database.pool.query<{ name: string }>(`
      SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace
      UNION SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)`);
    const tested = new Set(cases.map(([name]) => name));
    expect(rows.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
  });

  it("takes a second run of a plan, and a second test of a pair, once the first has ended", async () => {
    const client = await db.database.pool.connect();
    await client.query("BEGIN");
    await client.query(recovery("state = 'COMPLETED', ended_at = dr_now(), result_state = 'SUCCESS'"));
    await client.query(aRun(second, first, "TEST"));
    await client.query("ROLLBACK");
    client.release();
  });

  it("tells Prisma's users which rule it was", async () => {
    const second = db.database.prisma.recoveryPlan.create({ data: { name: "shop", pairingId: first } });
    await expect(second).rejects.toMatchObject({
      code: "P2002",
      meta: { driverAdapterError: { cause: { constraint: { index: "recovery_plan_name_unique" } } } },
    });
  });
});
