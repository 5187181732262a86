-- AlterTable
ALTER TABLE "protected_vm" DROP COLUMN "needs_configuration";

-- AlterTable
ALTER TABLE "site" ADD COLUMN     "capabilities" JSONB,
ADD COLUMN     "refresh_due_at" TIMESTAMPTZ(3);

-- What follows is written by hand.
-- A VM that vanished from its site keeps its name, under which it can still be recovered; another may have the name by now.
DROP INDEX "virtual_machine_name_unique";
CREATE UNIQUE INDEX "virtual_machine_name_unique" ON "virtual_machine" ("site_id", lower("name")) WHERE "missing_since" IS NULL;
