-- All stored times come from this function; tests replace it. It stands first because tables default to it.
CREATE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT clock_timestamp()';

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('VIEWER', 'OPERATOR', 'RECOVERY_ADMIN', 'EDITOR', 'SCRIPT_EDITOR', 'ADMIN');

-- CreateEnum
CREATE TYPE "DrillOutcome" AS ENUM ('STARTED', 'SUCCEEDED', 'FAILED', 'SKIPPED');

-- CreateEnum
CREATE TYPE "DatastoreType" AS ENUM ('VMFS', 'NFS', 'VSAN', 'DIRECTORY', 'LVM');

-- CreateEnum
CREATE TYPE "NetworkType" AS ENUM ('STANDARD', 'DISTRIBUTED', 'NAT', 'ISOLATED');

-- CreateEnum
CREATE TYPE "FolderType" AS ENUM ('VM');

-- CreateEnum
CREATE TYPE "PlanLifecycle" AS ENUM ('READY', 'TEST_IN_PROGRESS', 'TEST_COMPLETE', 'CLEANUP_IN_PROGRESS', 'CLEANUP_INCOMPLETE', 'RECOVERY_IN_PROGRESS', 'RECOVERY_INCOMPLETE', 'RECOVERY_COMPLETE', 'REPROTECT_IN_PROGRESS', 'REPROTECT_INCOMPLETE');

-- CreateEnum
CREATE TYPE "PlanStepType" AS ENUM ('COMMAND', 'PROMPT', 'PAUSE');

-- CreateEnum
CREATE TYPE "SiteRole" AS ENUM ('PROTECTED', 'RECOVERY');

-- CreateEnum
CREATE TYPE "PromptAnswer" AS ENUM ('CONTINUE', 'SKIP', 'ABORT');

-- CreateEnum
CREATE TYPE "ProtectionGroupType" AS ENUM ('REPLICATION', 'SNAPSHOT', 'CONTINUOUS');

-- CreateEnum
CREATE TYPE "ReplicationType" AS ENUM ('SAN', 'HOST', 'SNAPSHOT', 'CONTINUOUS');

-- CreateEnum
CREATE TYPE "ProtectionGroupState" AS ENUM ('READY', 'NOT_READY', 'CONFIGURING', 'TESTING', 'RECOVERING', 'RECOVERED', 'PARTIALLY_RECOVERED', 'REPROTECTING', 'DELETING', 'ERROR');

-- CreateEnum
CREATE TYPE "PeerState" AS ENUM ('READY', 'NOT_READY', 'CONFIGURING', 'TESTING', 'RECOVERING', 'RECOVERED', 'PARTIALLY_RECOVERED', 'REPROTECTING', 'DELETING', 'ERROR', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "VmProtectionState" AS ENUM ('NOT_CONFIGURED', 'CONFIGURING', 'SHADOWING', 'NOT_SHADOWING', 'ERROR');

-- CreateEnum
CREATE TYPE "ReplicationState" AS ENUM ('SYNCED', 'SYNCING', 'PAUSED', 'ERROR', 'NOT_REPLICATED');

-- CreateEnum
CREATE TYPE "PointConsistency" AS ENUM ('CRASH_CONSISTENT', 'APPLICATION_CONSISTENT');

-- CreateEnum
CREATE TYPE "ViolationCause" AS ENUM ('SITE_DISCONNECTED', 'SYNC_FAILED', 'LAG', 'PAUSED');

-- CreateEnum
CREATE TYPE "RunKind" AS ENUM ('TEST', 'CLEANUP', 'PLANNED', 'DISASTER', 'REPROTECT');

-- CreateEnum
CREATE TYPE "RecoveryState" AS ENUM ('NOT_STARTED', 'RUNNING', 'PROMPTING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'FAILED');

-- CreateEnum
CREATE TYPE "ResultState" AS ENUM ('SUCCESS', 'WARNING', 'PARTIAL', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "PausedReason" AS ENUM ('STEP_FAILED', 'OPERATOR', 'PAUSE_STEP');

-- CreateEnum
CREATE TYPE "FailurePolicy" AS ENUM ('PAUSE', 'CONTINUE');

-- CreateEnum
CREATE TYPE "StepStatus" AS ENUM ('PENDING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'WARNING', 'FAILED', 'SKIPPED', 'CANCELLED', 'ALREADY_DONE');

-- CreateEnum
CREATE TYPE "ReportType" AS ENUM ('RPO_RTO_COMPLIANCE', 'TEST_HISTORY', 'PROTECTION_STATUS', 'RECOVERY_READINESS');

-- CreateEnum
CREATE TYPE "ReportFormat" AS ENUM ('PDF', 'CSV', 'JSON', 'HTML');

-- CreateEnum
CREATE TYPE "ReportState" AS ENUM ('GENERATING', 'COMPLETED', 'FAILED', 'EXPIRED');

-- CreateEnum
CREATE TYPE "SiteType" AS ENUM ('PROTECTED', 'RECOVERY');

-- CreateEnum
CREATE TYPE "ConnectionState" AS ENUM ('CONNECTED', 'PARTIALLY_CONNECTED', 'DISCONNECTED');

-- CreateEnum
CREATE TYPE "PairingState" AS ENUM ('PAIRED', 'NOT_PAIRED');

-- CreateEnum
CREATE TYPE "ReplicationHealth" AS ENUM ('HEALTHY', 'WARNING', 'CRITICAL', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "ComponentState" AS ENUM ('CONNECTED', 'DISCONNECTED', 'ERROR');

-- CreateEnum
CREATE TYPE "TaskType" AS ENUM ('RECOVERY', 'CLEANUP', 'REPROTECT', 'PLANNED_FAILOVER', 'PROTECTION_GROUP_CREATE', 'PROTECTION_GROUP_DELETE');

-- CreateEnum
CREATE TYPE "TaskState" AS ENUM ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "TaskTargetType" AS ENUM ('RECOVERY_PLAN', 'PROTECTION_GROUP');

-- CreateEnum
CREATE TYPE "PowerState" AS ENUM ('POWERED_ON', 'POWERED_OFF', 'SUSPENDED', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "VmPriority" AS ENUM ('LOWEST', 'LOW', 'NORMAL', 'HIGH', 'HIGHEST');

-- CreateEnum
CREATE TYPE "ReadyCheck" AS ENUM ('HEARTBEAT', 'POWERED_ON', 'TCP', 'HTTP', 'SCRIPT');

-- CreateEnum
CREATE TYPE "StepPhase" AS ENUM ('PRE_POWER_ON', 'POST_POWER_ON');

-- CreateTable
CREATE TABLE "user_account" (
    "id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "password_hash" TEXT NOT NULL,
    "roles" "Role"[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "user_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "user_id" UUID NOT NULL,
    "mutation" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "input_hash" TEXT NOT NULL,
    "answer" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("user_id","mutation","key")
);

-- CreateTable
CREATE TABLE "audit_record" (
    "position" BIGSERIAL NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "user_name" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "target_type" TEXT,
    "target_id" TEXT,
    "outcome" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "audit_record_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "drill" (
    "id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "cron" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "options" JSONB NOT NULL,
    "prompt_policy" "PromptAnswer" NOT NULL,
    "max_duration_seconds" INTEGER NOT NULL,
    "auto_cleanup" BOOLEAN NOT NULL DEFAULT true,
    "blackout_windows" JSONB NOT NULL DEFAULT '[]',
    "owner" TEXT NOT NULL,
    "max_lag_minutes" INTEGER,
    "notes" TEXT NOT NULL DEFAULT '',
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "next_run_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "drill_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "drill_occurrence" (
    "drill_id" UUID NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" "DrillOutcome" NOT NULL,
    "reason" TEXT,
    "run_id" UUID,

    CONSTRAINT "drill_occurrence_pkey" PRIMARY KEY ("drill_id","due_at")
);

-- CreateTable
CREATE TABLE "event" (
    "position" BIGINT NOT NULL,
    "recovery_id" UUID,
    "sequence" INTEGER,
    "kind" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "version" INTEGER NOT NULL DEFAULT 1,
    "payload" JSONB NOT NULL,

    CONSTRAINT "event_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "event_counter" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "value" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_counter_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "datastore" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "type" "DatastoreType" NOT NULL,
    "capacity_bytes" BIGINT NOT NULL,
    "free_bytes" BIGINT NOT NULL,
    "replication_state" "ReplicationState" NOT NULL DEFAULT 'NOT_REPLICATED',
    "array_manager" TEXT,
    "replicated_device_id" TEXT,

    CONSTRAINT "datastore_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "network" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "type" "NetworkType" NOT NULL,
    "vlan_id" INTEGER,

    CONSTRAINT "network_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "resource_pool" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "cluster" TEXT NOT NULL,
    "cpu_limit_mhz" INTEGER,
    "cpu_reservation_mhz" INTEGER,
    "memory_limit_mb" INTEGER,
    "memory_reservation_mb" INTEGER,

    CONSTRAINT "resource_pool_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "folder" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "path" TEXT NOT NULL,
    "type" "FolderType" NOT NULL DEFAULT 'VM',

    CONSTRAINT "folder_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "network_mapping" (
    "id" UUID NOT NULL,
    "pairing_id" UUID NOT NULL,
    "source_network_id" UUID NOT NULL,
    "target_network_id" UUID NOT NULL,
    "test_network_id" UUID,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "network_mapping_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "folder_mapping" (
    "id" UUID NOT NULL,
    "pairing_id" UUID NOT NULL,
    "source_folder_id" UUID NOT NULL,
    "target_folder_id" UUID NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "folder_mapping_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "resource_mapping" (
    "id" UUID NOT NULL,
    "pairing_id" UUID NOT NULL,
    "source_resource_pool_id" UUID NOT NULL,
    "target_resource_pool_id" UUID NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "resource_mapping_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vm_network_mapping" (
    "id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "source_network_id" UUID NOT NULL,
    "target_network_id" UUID NOT NULL,
    "test_network_id" UUID,

    CONSTRAINT "vm_network_mapping_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_node" (
    "id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "gateway_node_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "database_generation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "system_identifier" TEXT NOT NULL,
    "timeline" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "database_generation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recovery_plan" (
    "id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "pairing_id" UUID NOT NULL,
    "lifecycle" "PlanLifecycle" NOT NULL DEFAULT 'READY',
    "default_vm_priority" "VmPriority" NOT NULL DEFAULT 'NORMAL',
    "default_startup_delay_seconds" INTEGER NOT NULL DEFAULT 0,
    "default_shutdown_delay_seconds" INTEGER NOT NULL DEFAULT 300,
    "rto_target_seconds" INTEGER,
    "last_test_at" TIMESTAMPTZ(3),
    "last_test_result" "ResultState",
    "last_recovery_at" TIMESTAMPTZ(3),
    "last_recovery_result" "ResultState",
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "recovery_plan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_priority_group" (
    "id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "priority" INTEGER NOT NULL,
    "name" VARCHAR(255) NOT NULL,

    CONSTRAINT "plan_priority_group_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_protection_group" (
    "plan_id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "priority_group_id" UUID NOT NULL,

    CONSTRAINT "plan_protection_group_pkey" PRIMARY KEY ("plan_id","group_id")
);

-- CreateTable
CREATE TABLE "plan_step" (
    "id" UUID NOT NULL,
    "priority_group_id" UUID NOT NULL,
    "phase" "StepPhase" NOT NULL,
    "position" INTEGER NOT NULL,
    "type" "PlanStepType" NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "command" VARCHAR(4096),
    "arguments" TEXT[],
    "timeout_seconds" INTEGER,
    "run_on_site" "SiteRole",
    "continue_on_failure" BOOLEAN NOT NULL DEFAULT false,
    "run_in_test" BOOLEAN NOT NULL DEFAULT false,
    "rerunnable" BOOLEAN NOT NULL DEFAULT false,
    "message" TEXT,
    "default_answer" "PromptAnswer",
    "needs_two_people" BOOLEAN NOT NULL DEFAULT false,
    "duration_seconds" INTEGER,

    CONSTRAINT "plan_step_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "protection_group" (
    "id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "type" "ProtectionGroupType" NOT NULL,
    "replication_type" "ReplicationType" NOT NULL,
    "protected_site_id" UUID NOT NULL,
    "recovery_site_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "state" "ProtectionGroupState" NOT NULL DEFAULT 'READY',
    "peer_state" "PeerState" NOT NULL DEFAULT 'UNKNOWN',
    "rpo_minutes" INTEGER NOT NULL DEFAULT 15,
    "point_in_time_instances" INTEGER NOT NULL DEFAULT 1,
    "consistency_groups" BOOLEAN NOT NULL DEFAULT false,
    "snapshot_interval_minutes" INTEGER,
    "snapshot_retention" INTEGER,
    "fault_code" TEXT,
    "fault_message" TEXT,
    "fault_since" TIMESTAMPTZ(3),
    "last_test_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "protection_group_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "group_use" (
    "group_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,

    CONSTRAINT "group_use_pkey" PRIMARY KEY ("group_id")
);

-- CreateTable
CREATE TABLE "storage_group" (
    "id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "target_datastore_id" UUID NOT NULL,

    CONSTRAINT "storage_group_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "storage_group_source" (
    "datastore_id" UUID NOT NULL,
    "storage_group_id" UUID NOT NULL,

    CONSTRAINT "storage_group_source_pkey" PRIMARY KEY ("datastore_id")
);

-- CreateTable
CREATE TABLE "protected_vm" (
    "vm_id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "protection_state" "VmProtectionState" NOT NULL DEFAULT 'NOT_CONFIGURED',
    "placeholder_name" VARCHAR(300),
    "placeholder_external_id" TEXT,
    "recovery_datastore_id" UUID,
    "needs_configuration" BOOLEAN NOT NULL DEFAULT false,
    "fault_code" TEXT,
    "fault_message" TEXT,
    "replication_state" "ReplicationState" NOT NULL DEFAULT 'NOT_REPLICATED',
    "last_sync_at" TIMESTAMPTZ(3),

    CONSTRAINT "protected_vm_pkey" PRIMARY KEY ("vm_id")
);

-- CreateTable
CREATE TABLE "recovery_point" (
    "id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL,
    "consistency" "PointConsistency" NOT NULL DEFAULT 'CRASH_CONSISTENT',
    "complete" BOOLEAN NOT NULL DEFAULT false,
    "size_bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "recovery_point_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recovery_point_pin" (
    "point_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,

    CONSTRAINT "recovery_point_pin_pkey" PRIMARY KEY ("point_id","run_id")
);

-- CreateTable
CREATE TABLE "rpo_violation" (
    "id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "vm_name" TEXT NOT NULL,
    "group_id" UUID NOT NULL,
    "group_name" TEXT NOT NULL,
    "rpo_minutes" INTEGER NOT NULL,
    "cause" "ViolationCause" NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "critical_since" TIMESTAMPTZ(3),
    "worst_lag_seconds" INTEGER NOT NULL,
    "current_lag_seconds" INTEGER NOT NULL,

    CONSTRAINT "rpo_violation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recovery" (
    "id" UUID NOT NULL,
    "plan_id" UUID,
    "plan_name" TEXT NOT NULL,
    "pairing_id" UUID NOT NULL,
    "kind" "RunKind" NOT NULL,
    "state" "RecoveryState" NOT NULL DEFAULT 'NOT_STARTED',
    "result_state" "ResultState",
    "paused_reason" "PausedReason",
    "failure_policy" "FailurePolicy" NOT NULL DEFAULT 'CONTINUE',
    "options" JSONB NOT NULL,
    "notes" TEXT NOT NULL DEFAULT '',
    "rerun_of_id" UUID,
    "cleans_up_id" UUID,
    "initiated_by_id" UUID,
    "initiated_by" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "pause_requested_at" TIMESTAMPTZ(3),
    "pause_requested_by" TEXT,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "cancel_requested_by" TEXT,
    "cancel_reason" TEXT,
    "owner" UUID,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "wake_at" TIMESTAMPTZ(3),
    "engine_version" INTEGER NOT NULL DEFAULT 1,
    "last_event" INTEGER NOT NULL DEFAULT 0,
    "progress_percent" INTEGER NOT NULL DEFAULT 0,
    "current_step" TEXT,
    "estimated_completion_at" TIMESTAMPTZ(3),
    "vm_count" INTEGER NOT NULL DEFAULT 0,
    "vms_succeeded" INTEGER NOT NULL DEFAULT 0,
    "vms_failed" INTEGER NOT NULL DEFAULT 0,
    "warnings_count" INTEGER NOT NULL DEFAULT 0,
    "errors" TEXT[],
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "rto_achieved_seconds" INTEGER,
    "rto_of_recovered_vms_seconds" INTEGER,
    "rpo_achieved_seconds" INTEGER,

    CONSTRAINT "recovery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recovery_snapshot" (
    "run_id" UUID NOT NULL,
    "content" JSONB NOT NULL,

    CONSTRAINT "recovery_snapshot_pkey" PRIMARY KEY ("run_id")
);

-- CreateTable
CREATE TABLE "recovery_step" (
    "run_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "parent" INTEGER,
    "path" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "phase" "StepPhase",
    "site_id" UUID,
    "group_id" UUID,
    "vm_id" UUID,
    "plan_step_id" UUID,
    "spec" JSONB NOT NULL,
    "after" INTEGER[],
    "needs" INTEGER[],
    "after_gates" INTEGER[],
    "opens_gate" INTEGER,
    "expected_seconds" INTEGER NOT NULL,
    "status" "StepStatus" NOT NULL DEFAULT 'PENDING',
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3),
    "progress_percent" INTEGER NOT NULL DEFAULT 0,
    "message" TEXT,
    "errors" TEXT[],
    "warnings" TEXT[],
    "result" JSONB,
    "on_critical_path" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "recovery_step_pkey" PRIMARY KEY ("run_id","ordinal")
);

-- CreateTable
CREATE TABLE "step_output" (
    "run_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "tail" TEXT NOT NULL,
    "total_bytes" INTEGER NOT NULL,

    CONSTRAINT "step_output_pkey" PRIMARY KEY ("run_id","ordinal")
);

-- CreateTable
CREATE TABLE "recovery_prompt" (
    "id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3),
    "default_answer" "PromptAnswer",
    "answer" "PromptAnswer",
    "answered_at" TIMESTAMPTZ(3),
    "answered_by_id" UUID,
    "answered_by" TEXT,
    "comment" TEXT,
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "recovery_prompt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recovery_group" (
    "run_id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "group_name" TEXT NOT NULL,
    "point_external_id" TEXT,
    "point_taken_at" TIMESTAMPTZ(3),

    CONSTRAINT "recovery_group_pkey" PRIMARY KEY ("run_id","group_id")
);

-- CreateTable
CREATE TABLE "leftover" (
    "id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "gone_at" TIMESTAMPTZ(3),

    CONSTRAINT "leftover_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "report" (
    "id" UUID NOT NULL,
    "type" "ReportType" NOT NULL,
    "format" "ReportFormat" NOT NULL,
    "state" "ReportState" NOT NULL DEFAULT 'GENERATING',
    "range_start" TIMESTAMPTZ(3) NOT NULL,
    "range_end" TIMESTAMPTZ(3) NOT NULL,
    "plan_ids" UUID[],
    "requested_by" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "progress_percent" INTEGER NOT NULL DEFAULT 0,
    "generated_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "failure" TEXT,
    "content" BYTEA,

    CONSTRAINT "report_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "site" (
    "id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "type" "SiteType" NOT NULL,
    "provider" TEXT NOT NULL,
    "provider_version" TEXT,
    "external_id" TEXT NOT NULL,
    "state" "ConnectionState" NOT NULL DEFAULT 'CONNECTED',
    "state_reason" TEXT,
    "state_since" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "vcenter_server" TEXT,
    "vcenter_version" TEXT,
    "srm_server" TEXT,
    "srm_version" TEXT,
    "datacenter" TEXT,
    "refreshed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "site_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "site_pairing" (
    "id" UUID NOT NULL,
    "local_site_id" UUID NOT NULL,
    "remote_site_id" UUID NOT NULL,
    "pairing_state" "PairingState" NOT NULL DEFAULT 'PAIRED',
    "connection_state" "ConnectionState" NOT NULL DEFAULT 'CONNECTED',
    "last_heartbeat_at" TIMESTAMPTZ(3),
    "suspect_since" TIMESTAMPTZ(3),
    "replication_health" "ReplicationHealth" NOT NULL DEFAULT 'UNKNOWN',

    CONSTRAINT "site_pairing_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "array_manager" (
    "id" UUID NOT NULL,
    "pairing_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "type" "ReplicationType" NOT NULL,
    "state" "ComponentState" NOT NULL DEFAULT 'CONNECTED',
    "replicated_devices" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "array_manager_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "replication_server" (
    "id" UUID NOT NULL,
    "pairing_id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "state" "ComponentState" NOT NULL DEFAULT 'CONNECTED',
    "replicated_vms" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "replication_server_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "type" "TaskType" NOT NULL,
    "state" "TaskState" NOT NULL DEFAULT 'QUEUED',
    "progress_percent" INTEGER NOT NULL DEFAULT 0,
    "current_step" TEXT,
    "target_id" UUID NOT NULL,
    "target_type" "TaskTargetType" NOT NULL,
    "recovery_id" UUID,
    "initiated_by" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "ended_at" TIMESTAMPTZ(3),
    "errors" TEXT[],
    "warnings" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "virtual_machine" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "power_state" "PowerState" NOT NULL DEFAULT 'UNKNOWN',
    "guest_os" TEXT,
    "cpu_count" INTEGER NOT NULL DEFAULT 1,
    "memory_mb" INTEGER NOT NULL DEFAULT 1024,
    "disk_bytes" BIGINT NOT NULL DEFAULT 0,
    "cluster" TEXT,
    "host" TEXT,
    "datastore_id" UUID,
    "folder_id" UUID,
    "resource_pool_id" UUID,
    "missing_since" TIMESTAMPTZ(3),

    CONSTRAINT "virtual_machine_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vm_nic" (
    "id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "nic_index" INTEGER NOT NULL,
    "network_id" UUID,
    "mac_address" TEXT,
    "ip_addresses" TEXT[],

    CONSTRAINT "vm_nic_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vm_recovery_settings" (
    "vm_id" UUID NOT NULL,
    "priority" "VmPriority",
    "startup_delay_seconds" INTEGER,
    "shutdown_delay_seconds" INTEGER,
    "skip_guest_shutdown" BOOLEAN NOT NULL DEFAULT false,
    "power_on_after_recovery" BOOLEAN NOT NULL DEFAULT true,
    "ready_check" "ReadyCheck" NOT NULL DEFAULT 'HEARTBEAT',
    "ready_timeout_seconds" INTEGER NOT NULL DEFAULT 300,
    "ready_port" INTEGER,
    "ready_target" TEXT,
    "ip_customization_enabled" BOOLEAN NOT NULL DEFAULT false,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "vm_recovery_settings_pkey" PRIMARY KEY ("vm_id")
);

-- CreateTable
CREATE TABLE "vm_dependency" (
    "vm_id" UUID NOT NULL,
    "depends_on_vm_id" UUID NOT NULL,

    CONSTRAINT "vm_dependency_pkey" PRIMARY KEY ("vm_id","depends_on_vm_id")
);

-- CreateTable
CREATE TABLE "ip_rule" (
    "id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "nic_index" INTEGER,
    "source_ip" TEXT,
    "target_ip" TEXT,
    "prefix_length" INTEGER,
    "target_gateway" TEXT,
    "target_dns_servers" TEXT[],
    "target_dns_suffix" TEXT,

    CONSTRAINT "ip_rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vm_command" (
    "id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "phase" "StepPhase" NOT NULL,
    "position" INTEGER NOT NULL,
    "command" VARCHAR(4096) NOT NULL,
    "arguments" TEXT[],
    "timeout_seconds" INTEGER NOT NULL DEFAULT 300,
    "rerunnable" BOOLEAN NOT NULL DEFAULT false,
    "run_in_guest" BOOLEAN NOT NULL DEFAULT false,
    "guest_username" TEXT,
    "password_secret_id" TEXT,

    CONSTRAINT "vm_command_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "session_token_hash_key" ON "session"("token_hash");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "drill_plan_id_idx" ON "drill"("plan_id");

-- CreateIndex
CREATE INDEX "event_occurred_at_idx" ON "event"("occurred_at");

-- CreateIndex
CREATE UNIQUE INDEX "event_recovery_id_sequence_key" ON "event"("recovery_id", "sequence");

-- CreateIndex
CREATE INDEX "datastore_site_id_idx" ON "datastore"("site_id");

-- CreateIndex
CREATE INDEX "network_site_id_idx" ON "network"("site_id");

-- CreateIndex
CREATE INDEX "resource_pool_site_id_idx" ON "resource_pool"("site_id");

-- CreateIndex
CREATE INDEX "folder_site_id_idx" ON "folder"("site_id");

-- CreateIndex
CREATE UNIQUE INDEX "network_mapping_pairing_id_source_network_id_key" ON "network_mapping"("pairing_id", "source_network_id");

-- CreateIndex
CREATE UNIQUE INDEX "folder_mapping_pairing_id_source_folder_id_key" ON "folder_mapping"("pairing_id", "source_folder_id");

-- CreateIndex
CREATE UNIQUE INDEX "resource_mapping_pairing_id_source_resource_pool_id_key" ON "resource_mapping"("pairing_id", "source_resource_pool_id");

-- CreateIndex
CREATE UNIQUE INDEX "vm_network_mapping_vm_id_source_network_id_key" ON "vm_network_mapping"("vm_id", "source_network_id");

-- CreateIndex
CREATE INDEX "recovery_plan_pairing_id_idx" ON "recovery_plan"("pairing_id");

-- CreateIndex
CREATE UNIQUE INDEX "plan_priority_group_plan_id_priority_key" ON "plan_priority_group"("plan_id", "priority");

-- CreateIndex
CREATE INDEX "plan_protection_group_group_id_idx" ON "plan_protection_group"("group_id");

-- CreateIndex
CREATE INDEX "plan_protection_group_priority_group_id_idx" ON "plan_protection_group"("priority_group_id");

-- CreateIndex
CREATE UNIQUE INDEX "plan_step_priority_group_id_phase_position_key" ON "plan_step"("priority_group_id", "phase", "position");

-- CreateIndex
CREATE INDEX "protection_group_protected_site_id_idx" ON "protection_group"("protected_site_id");

-- CreateIndex
CREATE INDEX "protection_group_recovery_site_id_idx" ON "protection_group"("recovery_site_id");

-- CreateIndex
CREATE INDEX "group_use_run_id_idx" ON "group_use"("run_id");

-- CreateIndex
CREATE INDEX "storage_group_group_id_idx" ON "storage_group"("group_id");

-- CreateIndex
CREATE INDEX "storage_group_source_storage_group_id_idx" ON "storage_group_source"("storage_group_id");

-- CreateIndex
CREATE INDEX "protected_vm_group_id_idx" ON "protected_vm"("group_id");

-- CreateIndex
CREATE INDEX "recovery_point_group_id_taken_at_idx" ON "recovery_point"("group_id", "taken_at");

-- CreateIndex
CREATE UNIQUE INDEX "recovery_point_group_id_external_id_key" ON "recovery_point"("group_id", "external_id");

-- CreateIndex
CREATE INDEX "recovery_point_pin_run_id_idx" ON "recovery_point_pin"("run_id");

-- CreateIndex
CREATE INDEX "rpo_violation_group_id_opened_at_idx" ON "rpo_violation"("group_id", "opened_at");

-- CreateIndex
CREATE INDEX "recovery_plan_id_requested_at_idx" ON "recovery"("plan_id", "requested_at");

-- CreateIndex
CREATE INDEX "recovery_cleans_up_id_idx" ON "recovery"("cleans_up_id");

-- CreateIndex
CREATE UNIQUE INDEX "recovery_prompt_run_id_ordinal_attempt_key" ON "recovery_prompt"("run_id", "ordinal", "attempt");

-- CreateIndex
CREATE INDEX "leftover_plan_id_idx" ON "leftover"("plan_id");

-- CreateIndex
CREATE UNIQUE INDEX "leftover_site_id_kind_external_id_key" ON "leftover"("site_id", "kind", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "site_provider_external_id_key" ON "site"("provider", "external_id");

-- CreateIndex
CREATE INDEX "site_pairing_remote_site_id_idx" ON "site_pairing"("remote_site_id");

-- CreateIndex
CREATE UNIQUE INDEX "site_pairing_local_site_id_remote_site_id_key" ON "site_pairing"("local_site_id", "remote_site_id");

-- CreateIndex
CREATE UNIQUE INDEX "array_manager_pairing_id_name_key" ON "array_manager"("pairing_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "replication_server_pairing_id_name_key" ON "replication_server"("pairing_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "task_recovery_id_key" ON "task"("recovery_id");

-- CreateIndex
CREATE INDEX "task_started_at_idx" ON "task"("started_at");

-- CreateIndex
CREATE INDEX "task_target_id_idx" ON "task"("target_id");

-- CreateIndex
CREATE INDEX "virtual_machine_datastore_id_idx" ON "virtual_machine"("datastore_id");

-- CreateIndex
CREATE UNIQUE INDEX "virtual_machine_site_id_external_id_key" ON "virtual_machine"("site_id", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "vm_nic_vm_id_nic_index_key" ON "vm_nic"("vm_id", "nic_index");

-- CreateIndex
CREATE INDEX "vm_dependency_depends_on_vm_id_idx" ON "vm_dependency"("depends_on_vm_id");

-- CreateIndex
CREATE UNIQUE INDEX "ip_rule_vm_id_position_key" ON "ip_rule"("vm_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "vm_command_vm_id_phase_position_key" ON "vm_command"("vm_id", "phase", "position");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "drill_occurrence" ADD CONSTRAINT "drill_occurrence_drill_id_fkey" FOREIGN KEY ("drill_id") REFERENCES "drill"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datastore" ADD CONSTRAINT "datastore_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network" ADD CONSTRAINT "network_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "resource_pool" ADD CONSTRAINT "resource_pool_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "folder" ADD CONSTRAINT "folder_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network_mapping" ADD CONSTRAINT "network_mapping_source_network_id_fkey" FOREIGN KEY ("source_network_id") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network_mapping" ADD CONSTRAINT "network_mapping_target_network_id_fkey" FOREIGN KEY ("target_network_id") REFERENCES "network"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "network_mapping" ADD CONSTRAINT "network_mapping_test_network_id_fkey" FOREIGN KEY ("test_network_id") REFERENCES "network"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "folder_mapping" ADD CONSTRAINT "folder_mapping_source_folder_id_fkey" FOREIGN KEY ("source_folder_id") REFERENCES "folder"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "folder_mapping" ADD CONSTRAINT "folder_mapping_target_folder_id_fkey" FOREIGN KEY ("target_folder_id") REFERENCES "folder"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "resource_mapping" ADD CONSTRAINT "resource_mapping_source_resource_pool_id_fkey" FOREIGN KEY ("source_resource_pool_id") REFERENCES "resource_pool"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "resource_mapping" ADD CONSTRAINT "resource_mapping_target_resource_pool_id_fkey" FOREIGN KEY ("target_resource_pool_id") REFERENCES "resource_pool"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_network_mapping" ADD CONSTRAINT "vm_network_mapping_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_plan" ADD CONSTRAINT "recovery_plan_pairing_id_fkey" FOREIGN KEY ("pairing_id") REFERENCES "site_pairing"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_priority_group" ADD CONSTRAINT "plan_priority_group_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_protection_group" ADD CONSTRAINT "plan_protection_group_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_protection_group" ADD CONSTRAINT "plan_protection_group_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_protection_group" ADD CONSTRAINT "plan_protection_group_priority_group_id_fkey" FOREIGN KEY ("priority_group_id") REFERENCES "plan_priority_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_step" ADD CONSTRAINT "plan_step_priority_group_id_fkey" FOREIGN KEY ("priority_group_id") REFERENCES "plan_priority_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_protected_site_id_fkey" FOREIGN KEY ("protected_site_id") REFERENCES "site"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_recovery_site_id_fkey" FOREIGN KEY ("recovery_site_id") REFERENCES "site"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_use" ADD CONSTRAINT "group_use_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "group_use" ADD CONSTRAINT "group_use_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "storage_group" ADD CONSTRAINT "storage_group_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "storage_group" ADD CONSTRAINT "storage_group_target_datastore_id_fkey" FOREIGN KEY ("target_datastore_id") REFERENCES "datastore"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "storage_group_source" ADD CONSTRAINT "storage_group_source_datastore_id_fkey" FOREIGN KEY ("datastore_id") REFERENCES "datastore"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "storage_group_source" ADD CONSTRAINT "storage_group_source_storage_group_id_fkey" FOREIGN KEY ("storage_group_id") REFERENCES "storage_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "protected_vm" ADD CONSTRAINT "protected_vm_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "protected_vm" ADD CONSTRAINT "protected_vm_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "protected_vm" ADD CONSTRAINT "protected_vm_recovery_datastore_id_fkey" FOREIGN KEY ("recovery_datastore_id") REFERENCES "datastore"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_point" ADD CONSTRAINT "recovery_point_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_point_pin" ADD CONSTRAINT "recovery_point_pin_point_id_fkey" FOREIGN KEY ("point_id") REFERENCES "recovery_point"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_point_pin" ADD CONSTRAINT "recovery_point_pin_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_snapshot" ADD CONSTRAINT "recovery_snapshot_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_step" ADD CONSTRAINT "recovery_step_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_prompt" ADD CONSTRAINT "recovery_prompt_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_group" ADD CONSTRAINT "recovery_group_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "leftover" ADD CONSTRAINT "leftover_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "leftover" ADD CONSTRAINT "leftover_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "site_pairing" ADD CONSTRAINT "site_pairing_local_site_id_fkey" FOREIGN KEY ("local_site_id") REFERENCES "site"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "site_pairing" ADD CONSTRAINT "site_pairing_remote_site_id_fkey" FOREIGN KEY ("remote_site_id") REFERENCES "site"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "array_manager" ADD CONSTRAINT "array_manager_pairing_id_fkey" FOREIGN KEY ("pairing_id") REFERENCES "site_pairing"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "replication_server" ADD CONSTRAINT "replication_server_pairing_id_fkey" FOREIGN KEY ("pairing_id") REFERENCES "site_pairing"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_recovery_id_fkey" FOREIGN KEY ("recovery_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "virtual_machine" ADD CONSTRAINT "virtual_machine_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "virtual_machine" ADD CONSTRAINT "virtual_machine_datastore_id_fkey" FOREIGN KEY ("datastore_id") REFERENCES "datastore"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "virtual_machine" ADD CONSTRAINT "virtual_machine_folder_id_fkey" FOREIGN KEY ("folder_id") REFERENCES "folder"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "virtual_machine" ADD CONSTRAINT "virtual_machine_resource_pool_id_fkey" FOREIGN KEY ("resource_pool_id") REFERENCES "resource_pool"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_nic" ADD CONSTRAINT "vm_nic_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_nic" ADD CONSTRAINT "vm_nic_network_id_fkey" FOREIGN KEY ("network_id") REFERENCES "network"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_recovery_settings" ADD CONSTRAINT "vm_recovery_settings_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_dependency" ADD CONSTRAINT "vm_dependency_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_dependency" ADD CONSTRAINT "vm_dependency_depends_on_vm_id_fkey" FOREIGN KEY ("depends_on_vm_id") REFERENCES "virtual_machine"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ip_rule" ADD CONSTRAINT "ip_rule_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "vm_recovery_settings"("vm_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_command" ADD CONSTRAINT "vm_command_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "vm_recovery_settings"("vm_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What follows is written by hand: the schema can't say it, and comparing schemas leaves it alone.

-- Names are unique without regard to case, inventory's per site.
CREATE UNIQUE INDEX "user_account_name_unique" ON "user_account" (lower("name"));
CREATE UNIQUE INDEX "site_name_unique" ON "site" (lower("name"));
CREATE UNIQUE INDEX "protection_group_name_unique" ON "protection_group" (lower("name"));
CREATE UNIQUE INDEX "recovery_plan_name_unique" ON "recovery_plan" (lower("name"));
CREATE UNIQUE INDEX "drill_name_unique" ON "drill" (lower("name"));
CREATE UNIQUE INDEX "datastore_name_unique" ON "datastore" ("site_id", lower("name"));
CREATE UNIQUE INDEX "network_name_unique" ON "network" ("site_id", lower("name"));
CREATE UNIQUE INDEX "resource_pool_name_unique" ON "resource_pool" ("site_id", lower("name"));
CREATE UNIQUE INDEX "virtual_machine_name_unique" ON "virtual_machine" ("site_id", lower("name"));
-- Folders of one name may lie in different ones.
CREATE UNIQUE INDEX "folder_path_unique" ON "folder" ("site_id", lower("path"));
CREATE UNIQUE INDEX "site_pairing_stored_once" ON "site_pairing" (least("local_site_id", "remote_site_id"), greatest("local_site_id", "remote_site_id"));

-- Runs.
CREATE UNIQUE INDEX "recovery_one_open_run_per_plan" ON "recovery" ("plan_id") WHERE "ended_at" IS NULL;
CREATE UNIQUE INDEX "recovery_one_open_test_per_pair" ON "recovery" ("pairing_id") WHERE "ended_at" IS NULL AND "kind" = 'TEST';
-- For the sweep that claims runs without an owner. It holds no column that a lease changes, or each renewal would write it.
CREATE INDEX "recovery_open" ON "recovery" ("requested_at") WHERE "ended_at" IS NULL;
-- For readers of prompts across plans.
CREATE INDEX "event_prompts" ON "event" ("position") WHERE "kind" IN ('PROMPT_OPENED', 'PROMPT_ANSWERED');

-- A step's row is written twice soon after another; room on its page keeps that from touching the indexes.
ALTER TABLE "recovery_step" SET (fillfactor = 50);
ALTER TABLE "recovery" SET (fillfactor = 50);
ALTER TABLE "event_counter" SET (fillfactor = 10);

-- Names.
ALTER TABLE "user_account" ADD CONSTRAINT "user_account_name_trimmed" CHECK ("name" <> '' AND "name" = btrim("name"));
ALTER TABLE "site" ADD CONSTRAINT "site_name_trimmed" CHECK ("name" <> '' AND "name" = btrim("name"));
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_name_trimmed" CHECK ("name" <> '' AND "name" = btrim("name"));
ALTER TABLE "recovery_plan" ADD CONSTRAINT "recovery_plan_name_trimmed" CHECK ("name" <> '' AND "name" = btrim("name"));
ALTER TABLE "drill" ADD CONSTRAINT "drill_name_trimmed" CHECK ("name" <> '' AND "name" = btrim("name"));

-- Sites and inventory.
ALTER TABLE "site_pairing" ADD CONSTRAINT "site_pairing_two_sites" CHECK ("local_site_id" <> "remote_site_id");
ALTER TABLE "datastore" ADD CONSTRAINT "datastore_sizes_not_negative" CHECK ("capacity_bytes" >= 0 AND "free_bytes" >= 0);
ALTER TABLE "virtual_machine" ADD CONSTRAINT "virtual_machine_sizes" CHECK ("cpu_count" >= 1 AND "memory_mb" >= 1 AND "disk_bytes" >= 0);
ALTER TABLE "vm_nic" ADD CONSTRAINT "vm_nic_index_not_negative" CHECK ("nic_index" >= 0);
ALTER TABLE "vm_recovery_settings" ADD CONSTRAINT "vm_recovery_settings_delays_not_negative" CHECK ("startup_delay_seconds" >= 0 AND "shutdown_delay_seconds" >= 0);
ALTER TABLE "vm_recovery_settings" ADD CONSTRAINT "vm_recovery_settings_ready_timeout_positive" CHECK ("ready_timeout_seconds" > 0);
ALTER TABLE "vm_recovery_settings" ADD CONSTRAINT "vm_recovery_settings_ready_port" CHECK ("ready_port" BETWEEN 1 AND 65535 AND ("ready_check" <> 'TCP' OR "ready_port" IS NOT NULL));
ALTER TABLE "vm_recovery_settings" ADD CONSTRAINT "vm_recovery_settings_ready_script" CHECK ("ready_check" <> 'SCRIPT' OR "ready_target" IS NOT NULL);
ALTER TABLE "vm_dependency" ADD CONSTRAINT "vm_dependency_not_on_itself" CHECK ("vm_id" <> "depends_on_vm_id");
ALTER TABLE "ip_rule" ADD CONSTRAINT "ip_rule_prefix_length" CHECK ("prefix_length" BETWEEN 0 AND 128);
ALTER TABLE "vm_command" ADD CONSTRAINT "vm_command_timeout_positive" CHECK ("timeout_seconds" > 0);
ALTER TABLE "vm_command" ADD CONSTRAINT "vm_command_in_guest_after_power_on" CHECK (NOT "run_in_guest" OR "phase" = 'POST_POWER_ON');

-- Protection.
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_two_sites" CHECK ("protected_site_id" <> "recovery_site_id");
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_rpo" CHECK ("rpo_minutes" BETWEEN 1 AND 10080);
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_point_in_time_instances" CHECK ("point_in_time_instances" BETWEEN 1 AND 64);
ALTER TABLE "protection_group" ADD CONSTRAINT "protection_group_snapshots_positive" CHECK ("snapshot_interval_minutes" > 0 AND "snapshot_retention" > 0);
ALTER TABLE "recovery_point" ADD CONSTRAINT "recovery_point_size_not_negative" CHECK ("size_bytes" >= 0);
ALTER TABLE "rpo_violation" ADD CONSTRAINT "rpo_violation_closed_after_opened" CHECK ("closed_at" >= "opened_at");

-- Plans and drills.
ALTER TABLE "recovery_plan" ADD CONSTRAINT "recovery_plan_delays_not_negative" CHECK ("default_startup_delay_seconds" >= 0 AND "default_shutdown_delay_seconds" >= 0);
ALTER TABLE "recovery_plan" ADD CONSTRAINT "recovery_plan_rto_positive" CHECK ("rto_target_seconds" > 0);
ALTER TABLE "plan_priority_group" ADD CONSTRAINT "plan_priority_group_priority" CHECK ("priority" BETWEEN 1 AND 100);
ALTER TABLE "plan_step" ADD CONSTRAINT "plan_step_timeout_positive" CHECK ("timeout_seconds" > 0);
ALTER TABLE "plan_step" ADD CONSTRAINT "plan_step_pause_duration" CHECK ("duration_seconds" BETWEEN 1 AND 86400);
ALTER TABLE "plan_step" ADD CONSTRAINT "plan_step_complete" CHECK (CASE "type" WHEN 'COMMAND' THEN "command" IS NOT NULL WHEN 'PROMPT' THEN "message" IS NOT NULL ELSE true END);
ALTER TABLE "drill" ADD CONSTRAINT "drill_max_duration_positive" CHECK ("max_duration_seconds" > 0);
ALTER TABLE "drill" ADD CONSTRAINT "drill_max_lag_positive" CHECK ("max_lag_minutes" > 0);

-- Recoveries and tasks.
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_result_when_ended" CHECK (("ended_at" IS NULL) = ("result_state" IS NULL));
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_state_when_ended" CHECK (("ended_at" IS NOT NULL) = ("state" IN ('COMPLETED', 'FAILED')));
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_reason_when_paused" CHECK (("state" = 'PAUSED') = ("paused_reason" IS NOT NULL));
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_owner_has_lease" CHECK ("owner" IS NULL OR "lease_until" IS NOT NULL);
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_counters_not_negative" CHECK ("epoch" >= 0 AND "last_event" >= 0 AND "vm_count" >= 0 AND "vms_succeeded" >= 0 AND "vms_failed" >= 0 AND "warnings_count" >= 0);
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_progress_percent" CHECK ("progress_percent" BETWEEN 0 AND 100);
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_only_cleanup_cleans_up" CHECK ("cleans_up_id" IS NULL OR "kind" = 'CLEANUP');
ALTER TABLE "recovery_step" ADD CONSTRAINT "recovery_step_ordinal" CHECK ("ordinal" >= 1 AND "parent" < "ordinal");
ALTER TABLE "recovery_step" ADD CONSTRAINT "recovery_step_attempt" CHECK ("attempt" >= 1);
ALTER TABLE "recovery_step" ADD CONSTRAINT "recovery_step_progress_percent" CHECK ("progress_percent" BETWEEN 0 AND 100);
ALTER TABLE "recovery_step" ADD CONSTRAINT "recovery_step_expected_not_negative" CHECK ("expected_seconds" >= 0);
ALTER TABLE "step_output" ADD CONSTRAINT "step_output_total_not_negative" CHECK ("total_bytes" >= 0);
ALTER TABLE "recovery_prompt" ADD CONSTRAINT "recovery_prompt_answered_once" CHECK (("answer" IS NULL) = ("answered_at" IS NULL) AND ("answer" IS NULL OR "withdrawn_at" IS NULL));
ALTER TABLE "task" ADD CONSTRAINT "task_state_when_ended" CHECK (("ended_at" IS NOT NULL) = ("state" IN ('COMPLETED', 'FAILED', 'CANCELLED')));
ALTER TABLE "task" ADD CONSTRAINT "task_progress_percent" CHECK ("progress_percent" BETWEEN 0 AND 100);

-- The log.
ALTER TABLE "event" ADD CONSTRAINT "event_position" CHECK ("position" >= 1);
ALTER TABLE "event" ADD CONSTRAINT "event_sequence" CHECK ("sequence" >= 1);
ALTER TABLE "event" ADD CONSTRAINT "event_sequence_in_recovery" CHECK (("recovery_id" IS NULL) = ("sequence" IS NULL));
ALTER TABLE "event_counter" ADD CONSTRAINT "event_counter_one_row" CHECK ("id" = 1);
ALTER TABLE "event_counter" ADD CONSTRAINT "event_counter_not_negative" CHECK ("value" >= 0);
INSERT INTO "event_counter" ("id", "value") VALUES (1, 0);

-- The rest.
ALTER TABLE "session" ADD CONSTRAINT "session_expires_after_start" CHECK ("expires_at" > "created_at");
ALTER TABLE "report" ADD CONSTRAINT "report_range" CHECK ("range_start" < "range_end");
ALTER TABLE "report" ADD CONSTRAINT "report_progress_percent" CHECK ("progress_percent" BETWEEN 0 AND 100);
ALTER TABLE "database_generation" ADD CONSTRAINT "database_generation_one_row" CHECK ("id" = 1);
ALTER TABLE "database_generation" ADD CONSTRAINT "database_generation_positive" CHECK ("generation" >= 1);
