-- Runs that work on one protection group. A new value can be used in the next transaction only.
ALTER TYPE "RunKind" ADD VALUE 'GROUP_CREATE';
ALTER TYPE "RunKind" ADD VALUE 'GROUP_UPDATE';
ALTER TYPE "RunKind" ADD VALUE 'GROUP_DELETE';

-- Nothing wrote audit records before this release.
ALTER TABLE "audit_record" DROP CONSTRAINT "audit_record_pkey",
DROP COLUMN "position",
ADD COLUMN     "completed_at" TIMESTAMPTZ(3),
ADD COLUMN     "id" UUID NOT NULL,
ADD COLUMN     "message" TEXT,
ADD COLUMN     "user_id" UUID,
ALTER COLUMN "user_name" SET DATA TYPE VARCHAR(255),
ALTER COLUMN "outcome" DROP NOT NULL,
ADD CONSTRAINT "audit_record_pkey" PRIMARY KEY ("id");

-- AlterTable
ALTER TABLE "datastore" ADD COLUMN     "missing_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "network" ADD COLUMN     "missing_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "resource_pool" ADD COLUMN     "missing_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "folder" ADD COLUMN     "missing_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "virtual_machine" ADD COLUMN     "network_mappings_version" INTEGER NOT NULL DEFAULT 1;

-- CreateIndex
CREATE INDEX "audit_record_occurred_at_id_idx" ON "audit_record"("occurred_at", "id");

-- CreateIndex
CREATE INDEX "audit_record_target_id_idx" ON "audit_record"("target_id");

-- What follows is written by hand.
-- For readers of what changes beside the runs.
CREATE INDEX "event_changes" ON "event" ("position") WHERE "recovery_id" IS NULL;
