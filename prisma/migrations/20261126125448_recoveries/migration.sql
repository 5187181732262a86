-- CreateEnum
CREATE TYPE "KeptVm" AS ENUM ('RECOVERED', 'ORIGINAL');

-- CreateEnum
CREATE TYPE "StepWishKind" AS ENUM ('RETRY', 'SKIP', 'WORKED');

-- AlterTable
ALTER TABLE "recovery" ADD COLUMN     "accepted_at" TIMESTAMPTZ(3),
ADD COLUMN     "accepted_by" TEXT,
ADD COLUMN     "accepted_comment" TEXT,
ADD COLUMN     "switch_requested_at" TIMESTAMPTZ(3),
ADD COLUMN     "switch_requested_by" TEXT;

-- AlterTable
ALTER TABLE "recovery_prompt" ADD COLUMN     "first_answer" "PromptAnswer",
ADD COLUMN     "first_answered_at" TIMESTAMPTZ(3),
ADD COLUMN     "first_answered_by" TEXT,
ADD COLUMN     "first_answered_by_id" UUID,
ADD COLUMN     "first_comment" TEXT,
ADD COLUMN     "needs_two_people" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "recovery_group" ADD COLUMN     "result_state" "ResultState";

-- AlterTable
ALTER TABLE "site" ADD COLUMN     "good_heartbeats" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "heartbeat_at" TIMESTAMPTZ(3),
ADD COLUMN     "suspect_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "site_pairing" ADD COLUMN     "powers_off_originals" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "state_reason" TEXT,
ADD COLUMN     "state_since" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now();

-- CreateTable
CREATE TABLE "replication_cycle" (
    "group_id" UUID NOT NULL,
    "cycle_id" UUID,
    "started_at" TIMESTAMPTZ(3),
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "owner" UUID,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "last_success_at" TIMESTAMPTZ(3),
    "error" TEXT,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "replication_cycle_pkey" PRIMARY KEY ("group_id")
);

-- CreateTable
CREATE TABLE "recovered_vm" (
    "vm_id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "original_site_id" UUID NOT NULL,
    "original_external_id" TEXT NOT NULL,
    "recovery_site_id" UUID NOT NULL,
    "recovered_external_id" TEXT NOT NULL,
    "recovered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "original_off_since" TIMESTAMPTZ(3),
    "both_on_since" TIMESTAMPTZ(3),
    "kept" "KeptVm",
    "kept_by" TEXT,
    "kept_at" TIMESTAMPTZ(3),
    "kept_comment" TEXT,

    CONSTRAINT "recovered_vm_pkey" PRIMARY KEY ("vm_id")
);

-- CreateTable
CREATE TABLE "vm_place" (
    "vm_id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "folder" TEXT,
    "resource_pool" TEXT,
    "datastore" TEXT,
    "nics" JSONB NOT NULL DEFAULT '[]',
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "vm_place_pkey" PRIMARY KEY ("vm_id","site_id")
);

-- CreateTable
CREATE TABLE "step_wish" (
    "run_id" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "kind" "StepWishKind" NOT NULL,
    "comment" TEXT,
    "requested_by_id" UUID NOT NULL,
    "requested_by" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "step_wish_pkey" PRIMARY KEY ("run_id","ordinal","attempt")
);

-- CreateTable
CREATE TABLE "recovery_remark" (
    "id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "written_by_id" UUID NOT NULL,
    "written_by" TEXT NOT NULL,
    "written_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "recovery_remark_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vm_probe" (
    "id" UUID NOT NULL,
    "vm_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "kind" "ReadyCheck" NOT NULL,
    "port" INTEGER,
    "target" TEXT,
    "timeout_seconds" INTEGER NOT NULL DEFAULT 300,

    CONSTRAINT "vm_probe_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "recovered_vm_group_id_idx" ON "recovered_vm"("group_id");

-- CreateIndex
CREATE INDEX "recovered_vm_recovery_site_id_recovered_external_id_idx" ON "recovered_vm"("recovery_site_id", "recovered_external_id");

-- CreateIndex
CREATE INDEX "recovery_remark_run_id_written_at_idx" ON "recovery_remark"("run_id", "written_at");

-- CreateIndex
CREATE UNIQUE INDEX "vm_probe_vm_id_position_key" ON "vm_probe"("vm_id", "position");

-- AddForeignKey
ALTER TABLE "replication_cycle" ADD CONSTRAINT "replication_cycle_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovered_vm" ADD CONSTRAINT "recovered_vm_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovered_vm" ADD CONSTRAINT "recovered_vm_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_place" ADD CONSTRAINT "vm_place_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "virtual_machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step_wish" ADD CONSTRAINT "step_wish_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_remark" ADD CONSTRAINT "recovery_remark_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vm_probe" ADD CONSTRAINT "vm_probe_vm_id_fkey" FOREIGN KEY ("vm_id") REFERENCES "vm_recovery_settings"("vm_id") ON DELETE CASCADE ON UPDATE CASCADE;
