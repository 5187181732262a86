-- Version 6: what orders that are taken on together come to. Applied once; a change is a new file, never an edit of this one.

-- Which of them, the name of what it acts on, what it yields and when.
CREATE TYPE lab.plain AS ("position" bigint, target text, result jsonb, completes_at timestamptz);

-- A VM is powered on, and off, in its place: its row changes where it stands.
ALTER TABLE lab.vm SET (fillfactor = 70);
