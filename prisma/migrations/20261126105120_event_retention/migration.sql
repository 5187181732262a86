-- AlterTable
ALTER TABLE "event_counter" ADD COLUMN     "kept_after" BIGINT NOT NULL DEFAULT 0;

ALTER TABLE "event_counter" ADD CONSTRAINT "event_counter_reaches_kept_after" CHECK ("kept_after" BETWEEN 0 AND "value");
