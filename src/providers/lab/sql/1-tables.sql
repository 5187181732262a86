-- The simulated sites' own state, version 1. Applied once; a change is a new file, never an edit of this one.
-- What happens is written when it is ordered, with the time at which it takes hold; every read interprets the rows by lab.now().
CREATE SCHEMA IF NOT EXISTS lab;

-- The sites' clock. Tests replace it.
CREATE FUNCTION lab.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- One row, so that every gateway on these sites agrees. Speed 0: everything is done at once.
CREATE TABLE lab.settings (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  version integer NOT NULL,
  -- Fingerprint of the functions that are installed.
  functions text NOT NULL DEFAULT '',
  speed double precision NOT NULL DEFAULT 1 CHECK (speed >= 0),
  seed text NOT NULL DEFAULT 'lab'
);
INSERT INTO lab.settings (version) VALUES (1);

-- How long each thing takes at speed 1; where in its range is decided by seed, kind and target.
CREATE TABLE lab.latency (kind text PRIMARY KEY, min_ms integer NOT NULL, max_ms integer NOT NULL, CHECK (min_ms <= max_ms));
INSERT INTO lab.latency VALUES
  ('synchronise', 5000, 30000), ('createSnapshot', 2000, 5000), ('discardSnapshot', 2000, 2000),
  ('createIsolatedNetwork', 1000, 2000), ('removeNetwork', 1000, 2000), ('registerVm', 1000, 3000),
  ('customiseIp', 2000, 4000), ('powerOn', 2000, 6000), ('powerOff', 1000, 2000), ('removeVm', 1000, 1000),
  ('restorePlaceholder', 1000, 1000), ('runInGuest', 500, 2000),
  -- From power-on to the guest's first heartbeat.
  ('boot', 10000, 40000);

CREATE TABLE lab.site (id text PRIMARY KEY, name text NOT NULL, capabilities jsonb NOT NULL);
CREATE TABLE lab.folder (id text PRIMARY KEY, site_id text NOT NULL REFERENCES lab.site, name text NOT NULL);
CREATE TABLE lab.resource_pool (id text PRIMARY KEY, site_id text NOT NULL REFERENCES lab.site, name text NOT NULL);

-- run_id null: it is there for good; else the run that made it.
CREATE TABLE lab.network (
  id text PRIMARY KEY,
  site_id text NOT NULL REFERENCES lab.site,
  name text NOT NULL,
  run_id text,
  made_at timestamptz NOT NULL,
  removed_at timestamptz
);
CREATE INDEX ON lab.network (run_id);

-- A source VM (run_id null), or a test VM that a run registered.
CREATE TABLE lab.vm (
  id text PRIMARY KEY,
  site_id text NOT NULL REFERENCES lab.site,
  name text NOT NULL,
  run_id text,
  source_vm_id text REFERENCES lab.vm,
  snapshot_id text,
  folder_id text,
  resource_pool_id text,
  host_name text,
  -- [{ nicIndex, networkId, ipAddresses }]; before nics_from, nics_before holds.
  nics jsonb NOT NULL DEFAULT '[]',
  nics_before jsonb,
  nics_from timestamptz,
  -- [{ port, banner }]
  services jsonb NOT NULL DEFAULT '[]',
  disk_bytes bigint NOT NULL DEFAULT 0,
  change_bytes_per_second bigint NOT NULL DEFAULT 0,
  made_at timestamptz NOT NULL,
  on_at timestamptz,
  booted_at timestamptz,
  off_at timestamptz,
  removed_at timestamptz
);
CREATE UNIQUE INDEX vm_name ON lab.vm (site_id, lower(name)) WHERE removed_at IS NULL;
CREATE INDEX ON lab.vm (site_id, lower(name), removed_at);
CREATE INDEX ON lab.vm (run_id);
CREATE INDEX ON lab.vm (snapshot_id);

CREATE TABLE lab.placeholder (
  id text PRIMARY KEY,
  site_id text NOT NULL REFERENCES lab.site,
  name text NOT NULL,
  source_vm_id text NOT NULL REFERENCES lab.vm,
  -- The test VM that stands in its place, and the run that put it there, until released_at.
  vm_id text REFERENCES lab.vm,
  run_id text,
  released_at timestamptz
);
CREATE INDEX ON lab.placeholder (run_id);
CREATE INDEX ON lab.placeholder (vm_id);
CREATE INDEX ON lab.placeholder (site_id, lower(name));

-- A replicated set of VMs; site_id is where its copies are.
CREATE TABLE lab.replica_group (id text PRIMARY KEY, site_id text NOT NULL REFERENCES lab.site, name text NOT NULL);
CREATE TABLE lab.group_vm (
  group_id text NOT NULL REFERENCES lab.replica_group,
  vm_id text NOT NULL REFERENCES lab.vm,
  PRIMARY KEY (group_id, vm_id)
);

CREATE TABLE lab.point (
  id text PRIMARY KEY,
  group_id text NOT NULL REFERENCES lab.replica_group,
  taken_at timestamptz NOT NULL,
  complete_at timestamptz NOT NULL,
  size_bytes bigint NOT NULL
);
CREATE INDEX ON lab.point (group_id, taken_at);

CREATE TABLE lab.snapshot (
  id text PRIMARY KEY,
  site_id text NOT NULL REFERENCES lab.site,
  group_id text NOT NULL REFERENCES lab.replica_group,
  point_id text NOT NULL REFERENCES lab.point,
  name text NOT NULL,
  run_id text NOT NULL,
  made_at timestamptz NOT NULL,
  discarded_at timestamptz
);
CREATE INDEX ON lab.snapshot (run_id);

-- The highest epoch that has spoken for a run at a site.
CREATE TABLE lab.run_epoch (site_id text, run_id text, epoch bigint NOT NULL, PRIMARY KEY (site_id, run_id));

-- Every effect that was taken on, for ever: its key never means another one. failure null: it succeeds at completes_at.
CREATE TABLE lab.operation (
  site_id text NOT NULL,
  key text NOT NULL,
  run_id text NOT NULL,
  kind text NOT NULL,
  request jsonb NOT NULL,
  ordered_at timestamptz NOT NULL,
  completes_at timestamptz NOT NULL,
  result jsonb,
  failure text,
  code text,
  message text,
  PRIMARY KEY (site_id, key)
);

-- What changed a site, once per key.
CREATE TABLE lab.ledger (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site_id text NOT NULL,
  key text NOT NULL,
  run_id text NOT NULL,
  kind text NOT NULL,
  target text NOT NULL,
  ordered_at timestamptz NOT NULL,
  effective_at timestamptz NOT NULL,
  UNIQUE (site_id, key)
);
CREATE INDEX ON lab.ledger (run_id);

-- What shall go wrong. A null in site, kind or target means any.
CREATE TABLE lab.fault (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action text NOT NULL CHECK (action IN
    ('FAIL', 'FAIL_AT_END', 'HANG', 'HOLD_BEFORE', 'HOLD_AFTER', 'REFUSE_ALL', 'SILENCE_ALL', 'NO_HEARTBEAT', 'LATENCY')),
  site_id text,
  kind text,
  target text,
  -- Calls that pass first; then calls that are hit, null for all.
  skip integer NOT NULL DEFAULT 0,
  remaining integer,
  failure text,
  code text,
  message text,
  milliseconds double precision,
  arrived integer NOT NULL DEFAULT 0,
  released boolean NOT NULL DEFAULT false,
  since timestamptz NOT NULL DEFAULT lab.now()
);

-- How a site takes an effect on: a refusal (code not null), or its result, when it is complete, and whether anything changes.
CREATE TYPE lab.outcome AS (failure text, code text, message text, result jsonb, completes_at timestamptz, changes boolean);
