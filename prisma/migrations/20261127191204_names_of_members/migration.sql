-- DropIndex
DROP INDEX "protected_vm_group_id_idx";

-- All members of a group are written at each of its replication cycles: on the page where they are, no index is touched.
ALTER TABLE "protected_vm" SET (fillfactor = 50);

-- AlterTable
ALTER TABLE "protected_vm" ADD COLUMN     "name_key" TEXT NOT NULL DEFAULT '';

-- The machine keeps its name until its member is written: FOR SHARE, since a new name is no new key.
CREATE FUNCTION name_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name_key = coalesce((SELECT lower(v.name) FROM virtual_machine v WHERE v.id = NEW.vm_id FOR SHARE), '');
  RETURN NEW;
END $$;
CREATE TRIGGER protected_vm_named BEFORE INSERT OR UPDATE OF vm_id ON protected_vm FOR EACH ROW EXECUTE FUNCTION name_member();

CREATE FUNCTION rename_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE protected_vm SET name_key = lower(NEW.name) WHERE vm_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER virtual_machine_renamed AFTER UPDATE OF name ON virtual_machine FOR EACH ROW WHEN (lower(NEW.name) <> lower(OLD.name))
  EXECUTE FUNCTION rename_member();

-- Behind the triggers, so that no machine is renamed in between.
UPDATE "protected_vm" m SET "name_key" = lower(v."name") FROM "virtual_machine" v WHERE v."id" = m."vm_id";

-- CreateIndex
CREATE INDEX "protected_vm_group_id_name_key_vm_id_idx" ON "protected_vm"("group_id", "name_key", "vm_id");
