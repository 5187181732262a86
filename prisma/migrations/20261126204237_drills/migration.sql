-- CreateEnum
CREATE TYPE "DrillCleanup" AS ENUM ('NOT_WANTED', 'WAITING', 'DONE', 'FAILED', 'LEFT');

-- AlterTable
ALTER TABLE "drill" ADD COLUMN     "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now();

-- AlterTable
ALTER TABLE "drill_occurrence" DROP CONSTRAINT "drill_occurrence_pkey",
DROP COLUMN "reason",
ADD COLUMN     "cleanup" "DrillCleanup",
ADD COLUMN     "cleanup_attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "cleanup_due_at" TIMESTAMPTZ(3),
ADD COLUMN     "cleanup_message" TEXT,
ADD COLUMN     "cleanup_run_id" UUID,
ADD COLUMN     "code" TEXT,
ADD COLUMN     "deadline_at" TIMESTAMPTZ(3),
ADD COLUMN     "ended_at" TIMESTAMPTZ(3),
ADD COLUMN     "id" UUID NOT NULL,
ADD COLUMN     "message" TEXT,
ADD COLUMN     "prompt_policy" "PromptAnswer",
ADD COLUMN     "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
ADD COLUMN     "remedy" TEXT,
ADD COLUMN     "requested_by" TEXT,
ADD COLUMN     "result_state" "ResultState",
ADD COLUMN     "rpo_achieved_seconds" INTEGER,
ADD COLUMN     "rto_achieved_seconds" INTEGER,
ADD COLUMN     "settled_at" TIMESTAMPTZ(3),
ADD CONSTRAINT "drill_occurrence_pkey" PRIMARY KEY ("id");

-- CreateIndex
CREATE INDEX "drill_next_run_at_idx" ON "drill"("next_run_at");

-- CreateIndex
CREATE UNIQUE INDEX "drill_occurrence_run_id_key" ON "drill_occurrence"("run_id");

-- CreateIndex
CREATE INDEX "drill_occurrence_drill_id_due_at_idx" ON "drill_occurrence"("drill_id", "due_at");

-- AddForeignKey
ALTER TABLE "drill" ADD CONSTRAINT "drill_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: what Prisma can't say.

-- A due time is accounted for once, whichever nodes look at it.
CREATE UNIQUE INDEX "drill_occurrence_due_once" ON "drill_occurrence" ("drill_id", "due_at") WHERE "requested_by" IS NULL;

CREATE INDEX "drill_occurrence_open" ON "drill_occurrence" ("drill_id") WHERE "settled_at" IS NULL;

ALTER TABLE "drill" ADD CONSTRAINT "drill_next_run_when_enabled" CHECK ("enabled" = ("next_run_at" IS NOT NULL));
ALTER TABLE "drill_occurrence" ADD CONSTRAINT "drill_occurrence_run_unless_skipped" CHECK (("outcome" = 'SKIPPED') = ("run_id" IS NULL));
ALTER TABLE "drill_occurrence" ADD CONSTRAINT "drill_occurrence_reason_when_not_well"
    CHECK ("outcome" NOT IN ('SKIPPED', 'FAILED') OR ("code" IS NOT NULL AND "message" IS NOT NULL));
ALTER TABLE "drill_occurrence" ADD CONSTRAINT "drill_occurrence_end_when_over" CHECK (("outcome" IN ('SUCCEEDED', 'FAILED')) = ("ended_at" IS NOT NULL));
ALTER TABLE "drill_occurrence" ADD CONSTRAINT "drill_occurrence_cleanup_unless_skipped" CHECK (("outcome" = 'SKIPPED') = ("cleanup" IS NULL));
ALTER TABLE "drill_occurrence" ADD CONSTRAINT "drill_occurrence_settled_when_over"
    CHECK ("settled_at" IS NULL OR ("outcome" <> 'STARTED' AND "cleanup" IS DISTINCT FROM 'WAITING'));
