-- AlterTable
ALTER TABLE "protection_group" ADD COLUMN     "turned" BOOLEAN NOT NULL DEFAULT false;

-- Until now the way back was told by the recovery site's configured role.
UPDATE "protection_group" SET "turned" = true FROM "site" WHERE "site"."id" = "recovery_site_id" AND "site"."type" = 'PROTECTED';
