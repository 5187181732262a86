-- AlterTable
ALTER TABLE "rpo_violation" ADD COLUMN     "plan_ids" UUID[] DEFAULT ARRAY[]::UUID[],
ADD COLUMN     "protected_site_id" UUID;

-- CreateIndex
CREATE INDEX "rpo_violation_plan_ids_idx" ON "rpo_violation" USING GIN ("plan_ids");

-- CreateIndex
CREATE INDEX "rpo_violation_protected_site_id_opened_at_idx" ON "rpo_violation"("protected_site_id", "opened_at");

-- Of violations from before: as far as it can still be told.
UPDATE "rpo_violation" v SET "protected_site_id" = g."protected_site_id",
  "plan_ids" = ARRAY(SELECT p."plan_id" FROM "plan_protection_group" p WHERE p."group_id" = v."group_id")
FROM "protection_group" g WHERE g."id" = v."group_id";

-- Whether a test has ever run a plan's step or a VM's command, and as it is now (src/engine/step-identity.ts). Its status is no part of it: a
-- step's row is then updated in its place.
CREATE INDEX "recovery_step_exercised" ON "recovery_step" ((coalesce("plan_step_id", "vm_id")),
    md5(coalesce("spec" #>> '{site,siteId}', '') || ' ' || coalesce("spec" ->> 'command', '') || ' ' || coalesce("spec" ->> 'arguments', '')))
  WHERE "kind" IN ('COMMAND', 'GUEST_COMMAND', 'PROMPT', 'PAUSE');

-- Those that are open are updated by each measurement: in their place, where a page has room.
ALTER TABLE "rpo_violation" SET (fillfactor = 50);

-- Samples of a group lie as far apart as they were written; a chart is read from this index alone. Every sample has measured time.
CREATE INDEX "lag_sample_chart" ON "lag_sample" ("subject_id", "step_seconds", "starts_at")
  INCLUDE ("min_lag_seconds", "max_lag_seconds", "worst_percent", "vm_seconds", "lag_vm_seconds", "late_vm_seconds") WHERE "vm_seconds" > 0;
