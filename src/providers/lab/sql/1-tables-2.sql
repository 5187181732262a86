-- Version 2: what an inventory tells, and what is made for protection. Applied once; a change is a new file, never an edit of this one.

-- A name may be taken at each site; at one site, names differ by more than case.
ALTER TABLE lab.network DROP CONSTRAINT network_pkey, ADD COLUMN type text NOT NULL DEFAULT 'STANDARD', ADD COLUMN vlan_id integer;
ALTER TABLE lab.folder DROP CONSTRAINT folder_pkey;
ALTER TABLE lab.resource_pool DROP CONSTRAINT resource_pool_pkey, ADD COLUMN cluster text NOT NULL DEFAULT 'lab',
  ADD COLUMN cpu_limit_mhz integer, ADD COLUMN cpu_reservation_mhz integer,
  ADD COLUMN memory_limit_mb integer, ADD COLUMN memory_reservation_mb integer;
CREATE UNIQUE INDEX network_id ON lab.network (site_id, lower(id));
CREATE UNIQUE INDEX folder_id ON lab.folder (site_id, lower(id));
CREATE UNIQUE INDEX resource_pool_id ON lab.resource_pool (site_id, lower(id));

CREATE TABLE lab.datastore (
  id text NOT NULL,
  site_id text NOT NULL REFERENCES lab.site,
  type text NOT NULL,
  capacity_bytes bigint NOT NULL,
  free_bytes bigint NOT NULL,
  array_manager text,
  replicated_device_id text
);
CREATE UNIQUE INDEX datastore_id ON lab.datastore (site_id, lower(id));

ALTER TABLE lab.vm ADD COLUMN guest_os text, ADD COLUMN cpu_count integer NOT NULL DEFAULT 1, ADD COLUMN memory_mb integer NOT NULL DEFAULT 1024,
  ADD COLUMN cluster text, ADD COLUMN host text, ADD COLUMN datastore_id text;
CREATE INDEX ON lab.vm (site_id) WHERE run_id IS NULL;

-- made_by null: it was defined; else the run that made it. run_id stays what it was: the test that has taken it.
ALTER TABLE lab.placeholder ADD COLUMN made_by text, ADD COLUMN made_at timestamptz NOT NULL DEFAULT '-infinity',
  ADD COLUMN removed_at timestamptz, ADD COLUMN folder_id text, ADD COLUMN resource_pool_id text;
CREATE INDEX ON lab.placeholder (made_by);
CREATE INDEX ON lab.placeholder (source_vm_id);

-- [{ sources, target }]: names of datastores.
ALTER TABLE lab.replica_group ADD COLUMN storage_groups jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN made_at timestamptz NOT NULL DEFAULT '-infinity', ADD COLUMN removed_at timestamptz;
ALTER TABLE lab.group_vm ADD COLUMN added_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX ON lab.group_vm (vm_id);

INSERT INTO lab.latency VALUES
  ('protectGroup', 2000, 5000), ('changeStorage', 1000, 3000), ('addToGroup', 1000, 3000), ('removeFromGroup', 1000, 2000), ('unprotectGroup', 1000, 3000),
  ('createPlaceholder', 1000, 2000), ('removePlaceholder', 500, 1000);

UPDATE lab.site SET capabilities = '{"minimumRpoMinutes": 1, "maximumPointInTimeInstances": 64}' || capabilities;
