-- A snapshot is written once and read whole: taking megabytes of jsonb apart was a third of what the start of a large run took.
-- AlterTable
ALTER TABLE "recovery_snapshot" ALTER COLUMN "content" SET DATA TYPE JSON;
