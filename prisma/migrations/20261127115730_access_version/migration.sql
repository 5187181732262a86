-- CreateTable
CREATE TABLE "access_version" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "access_version_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "access_version" ADD CONSTRAINT "access_version_one" CHECK ("id" = 1);
INSERT INTO "access_version" ("id") VALUES (1);

-- Whatever may end or change somebody's access raises it in the same transaction, whoever writes it, so that both are seen at once; a sequence
-- would be seen before the commit, by readers who then find nothing changed and never look again. Nobody's access is changed by a new session
-- or a new user: signing in leaves the row alone, and many may do it at once. All others would wait for each other for as long as their
-- transactions take, and lock each other out, since some end several sessions after the user's row. So the row is written at the commit, when
-- every other lock is held: it is held for the length of that commit, and nobody who holds it waits for anything else.
CREATE FUNCTION dr_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE access_version SET version = pg_current_xact_id()::text::bigint WHERE id = 1 AND version <> pg_current_xact_id()::text::bigint;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER session_access AFTER UPDATE OR DELETE ON "session" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION dr_access_changed();
CREATE CONSTRAINT TRIGGER user_account_access AFTER UPDATE OR DELETE ON "user_account" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION dr_access_changed();
CREATE TRIGGER session_emptied AFTER TRUNCATE ON "session" EXECUTE FUNCTION dr_access_changed();
CREATE TRIGGER user_account_emptied AFTER TRUNCATE ON "user_account" EXECUTE FUNCTION dr_access_changed();
