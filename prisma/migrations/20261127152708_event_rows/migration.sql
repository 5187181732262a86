-- Events are kept as they were written, to the letter: nothing looks into them by an index, and taking jsonb apart cost more than all else of a write.
-- What is there has the text that jsonb had, which is what its hash was made of.
-- AlterTable
ALTER TABLE "event" ALTER COLUMN "payload" SET DATA TYPE JSON;
