-- In whole milliseconds, as columns hold it: what is written as due now was rounded up before, and not due yet for whoever was woken for it.
CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT date_trunc(''milliseconds'', clock_timestamp())';

-- CreateIndex
CREATE INDEX "audit_record_operation_id_idx" ON "audit_record"("operation", "id");

-- CreateIndex
CREATE INDEX "vm_network_mapping_source_network_id_idx" ON "vm_network_mapping"("source_network_id");

-- CreateIndex
CREATE INDEX "vm_network_mapping_target_network_id_idx" ON "vm_network_mapping"("target_network_id");

-- CreateIndex
CREATE INDEX "vm_network_mapping_test_network_id_idx" ON "vm_network_mapping"("test_network_id");

-- CreateIndex
CREATE INDEX "recovery_plan_created_at_id_idx" ON "recovery_plan"("created_at", "id");

-- CreateIndex
CREATE INDEX "protection_group_created_at_id_idx" ON "protection_group"("created_at", "id");

-- CreateIndex
CREATE INDEX "storage_group_target_datastore_id_idx" ON "storage_group"("target_datastore_id");

-- CreateIndex
CREATE INDEX "protected_vm_recovery_datastore_id_idx" ON "protected_vm"("recovery_datastore_id");

-- CreateIndex
CREATE INDEX "replication_cycle_next_at_idx" ON "replication_cycle"("next_at");

-- CreateIndex
CREATE INDEX "recovered_vm_original_site_id_idx" ON "recovered_vm"("original_site_id");

-- CreateIndex
CREATE INDEX "rpo_violation_closed_at_idx" ON "rpo_violation"("closed_at");

-- CreateIndex
CREATE INDEX "lag_sample_step_seconds_starts_at_idx" ON "lag_sample"("step_seconds", "starts_at");

-- CreateIndex
CREATE INDEX "recovery_requested_at_id_idx" ON "recovery"("requested_at", "id");

-- CreateIndex
CREATE INDEX "virtual_machine_resource_pool_id_idx" ON "virtual_machine"("resource_pool_id");

-- CreateIndex
CREATE INDEX "virtual_machine_folder_id_idx" ON "virtual_machine"("folder_id");

-- CreateIndex
CREATE INDEX "vm_nic_network_id_idx" ON "vm_nic"("network_id");

-- CreateIndex
CREATE INDEX "vm_nic_ip_addresses_idx" ON "vm_nic" USING GIN ("ip_addresses");

-- In the order of the lists, and what is looked for among much that is not.
CREATE INDEX "virtual_machine_by_name" ON "virtual_machine" (lower("name"), "id");
CREATE INDEX "virtual_machine_missing" ON "virtual_machine" ("site_id") WHERE "missing_since" IS NOT NULL;
CREATE INDEX "datastore_missing" ON "datastore" ("site_id") WHERE "missing_since" IS NOT NULL;
CREATE INDEX "recovery_plan_by_last_test" ON "recovery_plan" (coalesce("last_test_at", '-infinity'), "id");
CREATE INDEX "protection_group_by_last_test" ON "protection_group" (coalesce("last_test_at", '-infinity'), "id");
CREATE INDEX "task_by_name" ON "task" (lower("name"), "id");
CREATE INDEX "rpo_violation_by_vm_name" ON "rpo_violation" (lower("vm_name"), "id");
CREATE INDEX "audit_record_by_user_name" ON "audit_record" (lower("user_name"), "id");
CREATE INDEX "recovery_prompt_open" ON "recovery_prompt" ("opened_at", "id") WHERE "answer" IS NULL AND "withdrawn_at" IS NULL;
CREATE INDEX "replication_cycle_leased" ON "replication_cycle" ("lease_until") WHERE "lease_until" IS NOT NULL;
-- Of plans that were marked since they were evaluated: src/domain/readiness/due.ts asks for them in the same words.
CREATE INDEX "readiness_evaluation_touched" ON "readiness_evaluation" ("due_at")
  WHERE "evaluated_at" IS NULL OR "due_at" - "evaluated_at" < interval '4 minutes';
CREATE INDEX "session_over" ON "session" (least("expires_at", "deleted_at"));
