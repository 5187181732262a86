-- CreateEnum
CREATE TYPE "PageSize" AS ENUM ('A4', 'LETTER');

-- AlterTable
ALTER TABLE "report" ADD COLUMN     "checksum" TEXT,
ADD COLUMN     "page_size" "PageSize" NOT NULL DEFAULT 'A4',
ADD COLUMN     "requested_by_id" UUID,
ADD COLUMN     "size_bytes" INTEGER;

-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "queue" VARCHAR(64) NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "owner" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "failure" TEXT,

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_key" (
    "purpose" TEXT NOT NULL,
    "key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("purpose")
);

-- CreateIndex
CREATE INDEX "job_queue_due_at_idx" ON "job"("queue", "due_at");

-- CreateIndex
CREATE UNIQUE INDEX "job_queue_key_key" ON "job"("queue", "key");

-- CreateIndex
CREATE INDEX "report_requested_at_id_idx" ON "report"("requested_at", "id");

-- By hand: what must never be true
ALTER TABLE "job" ADD CONSTRAINT "job_attempt_not_negative" CHECK ("attempt" >= 0);
ALTER TABLE "job" ADD CONSTRAINT "job_owner_has_lease" CHECK (("owner" IS NULL) = ("lease_until" IS NULL));
ALTER TABLE "report" ADD CONSTRAINT "report_content_when_completed" CHECK (("state" = 'COMPLETED') = ("content" IS NOT NULL));
ALTER TABLE "report" ADD CONSTRAINT "report_failure_when_failed" CHECK (("state" = 'FAILED') = ("failure" IS NOT NULL));
ALTER TABLE "report" ADD CONSTRAINT "report_kept_for_a_time" CHECK ("content" IS NULL OR ("generated_at" IS NOT NULL AND "expires_at" IS NOT NULL AND "expires_at" > "generated_at"));
