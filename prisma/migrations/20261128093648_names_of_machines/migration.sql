-- AlterTable
ALTER TABLE "virtual_machine" ADD COLUMN     "name_key" TEXT NOT NULL DEFAULT '';

-- The table is written anew, as small as it was: an UPDATE would leave each row's old version behind.
ALTER TABLE "virtual_machine" ALTER COLUMN "name_key" TYPE TEXT USING lower("name");

CREATE FUNCTION name_machine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name_key = lower(NEW.name);
  RETURN NEW;
END $$;
CREATE TRIGGER virtual_machine_named BEFORE INSERT OR UPDATE OF name, name_key ON virtual_machine FOR EACH ROW
  WHEN (NEW.name_key <> lower(NEW.name)) EXECUTE FUNCTION name_machine();
