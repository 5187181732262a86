-- CreateEnum
CREATE TYPE "Readiness" AS ENUM ('READY', 'AT_RISK', 'NOT_READY');

-- CreateEnum
CREATE TYPE "FindingSeverity" AS ENUM ('BLOCKER', 'WARNING');

-- CreateTable
CREATE TABLE "readiness_evaluation" (
    "plan_id" UUID NOT NULL,
    "readiness" "Readiness",
    "score" INTEGER,
    "evaluated_at" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "claim" UUID,
    "compared_with_id" UUID,
    "changes" JSONB NOT NULL DEFAULT '[]',
    "untested_steps" JSONB NOT NULL DEFAULT '[]',
    "forecast_rto_seconds" INTEGER,

    CONSTRAINT "readiness_evaluation_pkey" PRIMARY KEY ("plan_id")
);

-- CreateTable
CREATE TABLE "readiness_finding" (
    "id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "severity" "FindingSeverity" NOT NULL,
    "code" TEXT NOT NULL,
    "object_type" TEXT NOT NULL,
    "object_id" UUID,
    "object_name" TEXT NOT NULL,
    "recovery_types" TEXT[],
    "message" TEXT NOT NULL,
    "remedy" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "readiness_finding_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "readiness_cursor" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "position" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "readiness_cursor_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "readiness_evaluation_due_at_idx" ON "readiness_evaluation"("due_at");

-- CreateIndex
CREATE INDEX "readiness_finding_plan_id_opened_at_idx" ON "readiness_finding"("plan_id", "opened_at");

-- AddForeignKey
ALTER TABLE "readiness_evaluation" ADD CONSTRAINT "readiness_evaluation_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "readiness_finding" ADD CONSTRAINT "readiness_finding_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Of the same about the same object only one is open.
CREATE UNIQUE INDEX "readiness_finding_open" ON "readiness_finding" ("plan_id", "code", "object_type", coalesce("object_id"::text, "object_name")) WHERE "resolved_at" IS NULL;

ALTER TABLE "readiness_finding" ADD CONSTRAINT "readiness_finding_times" CHECK ("resolved_at" >= "opened_at");
ALTER TABLE "readiness_evaluation" ADD CONSTRAINT "readiness_evaluation_score" CHECK ("score" BETWEEN 0 AND 100),
  ADD CONSTRAINT "readiness_evaluation_evaluated" CHECK (("readiness" IS NULL) = ("score" IS NULL) AND ("readiness" IS NULL) = ("evaluated_at" IS NULL));
ALTER TABLE "readiness_cursor" ADD CONSTRAINT "readiness_cursor_one" CHECK ("id" = 1);

-- Whatever was changed before now is seen when each plan is evaluated for the first time.
INSERT INTO "readiness_cursor" ("id", "position") SELECT 1, coalesce(max("value"), 0) FROM "event_counter";
