-- Version 5: what a snapshot holds, VM by VM: a registration looks for one of hundreds. Applied once; a change is a new file, never an edit of this one.

CREATE TABLE lab.snapshot_vm (
  snapshot_id text NOT NULL REFERENCES lab.snapshot ON DELETE CASCADE,
  vm_id text NOT NULL,
  content jsonb NOT NULL,
  PRIMARY KEY (snapshot_id, vm_id)
);
INSERT INTO lab.snapshot_vm SELECT s.id, c.key, c.value FROM lab.snapshot s, jsonb_each(s.contents) c;

-- However the rows come about, so that a gateway of the release before leaves nothing out.
CREATE FUNCTION lab.snapshot_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lab.snapshot_vm SELECT NEW.id, c.key, c.value FROM jsonb_each(NEW.contents) c;
  RETURN NULL;
END $$;
CREATE TRIGGER snapshot_made AFTER INSERT ON lab.snapshot FOR EACH ROW EXECUTE FUNCTION lab.snapshot_made();
