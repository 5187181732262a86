-- Version 3: real recoveries, and what is on the disks. Applied once; a change is a new file, never an edit of this one.

-- What a disk holds: [{ history, to, seconds }], from its origin on. Each machine writes a history of its own, whose id is the machine's;
-- `to` is the last moment written, `seconds` how long it has been writing. What was written since on_at is added when it is read.
ALTER TABLE lab.vm ADD COLUMN content jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN read_only boolean NOT NULL DEFAULT false,
  -- Until then its storage is still being made read-only, or writable.
  ADD COLUMN storage_changes_at timestamptz,
  -- It is a placeholder now; its disks are kept.
  ADD COLUMN demoted boolean NOT NULL DEFAULT false,
  -- It was on when its site was lost, and starts when the site is back.
  ADD COLUMN lost boolean NOT NULL DEFAULT false;
UPDATE lab.vm SET content = jsonb_build_array(jsonb_build_object('history', id,
  'to', to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'seconds', 0));

-- consumed_by: the permanent VM that has taken its place. former_vm_id: the VM that it was before it was demoted.
ALTER TABLE lab.placeholder ADD COLUMN consumed_by text, ADD COLUMN former_vm_id text;
CREATE INDEX ON lab.placeholder (former_vm_id);

-- promoted_to: the storage that its replica has become; nothing is copied any more.
ALTER TABLE lab.replica_group ADD COLUMN promoted_to text;
-- seed: what the former VM's disk holds, in place of a first full copy.
ALTER TABLE lab.group_vm ADD COLUMN former_vm_id text, ADD COLUMN seed jsonb;
CREATE INDEX ON lab.group_vm (former_vm_id);

-- { vm: content } of each member.
ALTER TABLE lab.point ADD COLUMN contents jsonb NOT NULL DEFAULT '{}';
UPDATE lab.point p SET contents = (
  SELECT coalesce(jsonb_object_agg(v.id, jsonb_build_array(jsonb_build_object('history', v.id,
    'to', to_char(p.taken_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'seconds', greatest(0, coalesce(extract(epoch FROM p.taken_at - v.on_at), 0))))), '{}')
  FROM lab.group_vm m JOIN lab.vm v ON v.id = m.vm_id WHERE m.group_id = p.group_id AND m.added_at <= p.taken_at);

-- A snapshot holds its content itself: a point may be dropped after it.
ALTER TABLE lab.snapshot ADD COLUMN promoted boolean NOT NULL DEFAULT false, ADD COLUMN contents jsonb NOT NULL DEFAULT '{}',
  DROP CONSTRAINT snapshot_point_id_fkey;
UPDATE lab.snapshot s SET contents = p.contents FROM lab.point p WHERE p.id = s.point_id;
CREATE INDEX ON lab.snapshot (group_id);

-- What replicates between two sites, in whatever order they stand.
CREATE TABLE lab.component (
  site_id text NOT NULL,
  peer_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('ARRAY_MANAGER', 'REPLICATION_SERVER')),
  name text NOT NULL,
  PRIMARY KEY (site_id, peer_id, kind, name)
);

-- CUT_LINK: between site_id and the site that is the target. COMPONENT: the target's state is the code.
-- A REFUSE_ALL or SILENCE_ALL whose code is LOST: the site is gone, and its VMs are off.
ALTER TABLE lab.fault DROP CONSTRAINT fault_action_check, ADD CONSTRAINT fault_action_check CHECK (action IN
  ('FAIL', 'FAIL_AT_END', 'HANG', 'HOLD_BEFORE', 'HOLD_AFTER', 'REFUSE_ALL', 'SILENCE_ALL', 'NO_HEARTBEAT', 'LATENCY', 'CUT_LINK',
   'COMPONENT'));

-- shutDownVm: what a guest needs for it.
INSERT INTO lab.latency VALUES
  ('shutDownVm', 1000, 6000), ('fenceVms', 500, 2000), ('setStorageReadOnly', 1000, 2000), ('promote', 2000, 5000), ('discardPoint', 500, 1000),
  ('reverseGroup', 2000, 5000), ('demoteVm', 1000, 2000);

-- Their parameters have changed.
DROP FUNCTION IF EXISTS lab.protect_group(text, jsonb, text[], timestamptz);
DROP FUNCTION IF EXISTS lab.check_source_site(text);
DROP FUNCTION IF EXISTS lab.check_members(text, jsonb, text, timestamptz);
