-- CreateEnum
CREATE TYPE "NotificationKind" AS ENUM ('PROMPT_WAITING', 'RUN_FAILED', 'RPO_CRITICAL', 'SITE_LOST', 'DRILL_RESULT', 'READINESS_LOST');

-- CreateEnum
CREATE TYPE "NotificationChannel" AS ENUM ('WEBHOOK', 'EMAIL');

-- CreateEnum
CREATE TYPE "NotificationDeliveryState" AS ENUM ('PENDING', 'DELIVERED', 'FAILED', 'CANCELLED');

-- AlterTable
ALTER TABLE "user_account" ADD COLUMN     "email" TEXT,
ADD COLUMN     "email_kinds" "NotificationKind"[] DEFAULT ARRAY[]::"NotificationKind"[];

-- CreateTable
CREATE TABLE "webhook" (
    "id" UUID NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "url" TEXT NOT NULL,
    "kinds" "NotificationKind"[] DEFAULT ARRAY[]::"NotificationKind"[],
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_secret_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notification" (
    "id" UUID NOT NULL,
    "kind" "NotificationKind" NOT NULL,
    "key" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "content" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),

    CONSTRAINT "notification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notification_delivery" (
    "id" UUID NOT NULL,
    "notification_id" UUID NOT NULL,
    "channel" "NotificationChannel" NOT NULL,
    "target_id" UUID NOT NULL,
    "target_name" TEXT NOT NULL,
    "state" "NotificationDeliveryState" NOT NULL DEFAULT 'PENDING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_attempt_at" TIMESTAMPTZ(3),
    "last_status" INTEGER,
    "last_error" TEXT,
    "next_attempt_at" TIMESTAMPTZ(3),
    "claim" UUID,
    "give_up_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT dr_now(),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "notification_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notification_cursor" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "position" BIGINT NOT NULL,

    CONSTRAINT "notification_cursor_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "notification_created_at_idx" ON "notification"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "notification_kind_key_key" ON "notification"("kind", "key");

-- CreateIndex
CREATE INDEX "notification_delivery_next_attempt_at_idx" ON "notification_delivery"("next_attempt_at");

-- CreateIndex
CREATE INDEX "notification_delivery_channel_target_id_idx" ON "notification_delivery"("channel", "target_id");

-- CreateIndex
CREATE INDEX "notification_delivery_created_at_id_idx" ON "notification_delivery"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "notification_delivery_notification_id_channel_target_id_key" ON "notification_delivery"("notification_id", "channel", "target_id");

-- AddForeignKey
ALTER TABLE "notification_delivery" ADD CONSTRAINT "notification_delivery_notification_id_fkey" FOREIGN KEY ("notification_id") REFERENCES "notification"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: what Prisma can't say.
CREATE UNIQUE INDEX "webhook_name_unique" ON "webhook" (lower("name"));
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_name_trimmed" CHECK ("name" <> '' AND "name" = btrim("name"));
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_kinds" CHECK (cardinality("kinds") > 0);
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_previous_secret_ends" CHECK (("previous_secret" IS NULL) = ("previous_secret_until" IS NULL));
ALTER TABLE "user_account" ADD CONSTRAINT "user_account_email_for_kinds" CHECK ("email" IS NOT NULL OR cardinality("email_kinds") = 0);
ALTER TABLE "notification_delivery" ADD CONSTRAINT "notification_delivery_due_while_pending"
  CHECK (("state" = 'PENDING') = ("next_attempt_at" IS NOT NULL) AND ("state" = 'PENDING') = ("ended_at" IS NULL));
ALTER TABLE "notification_delivery" ADD CONSTRAINT "notification_delivery_claimed_while_pending" CHECK ("claim" IS NULL OR "state" = 'PENDING');
ALTER TABLE "notification_delivery" ADD CONSTRAINT "notification_delivery_attempts_not_negative" CHECK ("attempts" >= 0);
ALTER TABLE "notification_cursor" ADD CONSTRAINT "notification_cursor_one_row" CHECK ("id" = 1);
-- What happened before there were notifications is not told.
INSERT INTO "notification_cursor" ("id", "position") SELECT 1, "value" FROM "event_counter";
