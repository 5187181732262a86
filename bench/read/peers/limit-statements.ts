/** What can be had at all: for each load one statement that makes the whole answer, as text. */

const vmColumns = `v.name, v.power_state AS "powerState", v.cpu_count AS "cpuCount", v.memory_mb AS "memoryMb"`;

/** Columns of each level; `ids`: with their ids. */
function planColumns(ids: boolean): string {
  const id = (alias: string) => (ids ? `${alias}.id, ` : "");
  const vms = `SELECT ${id("v")}${vmColumns} FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id WHERE m.group_id = g.id ORDER BY lower(v.name), v.id`;
  const groups = `SELECT ${id("g")}g.name, g.state, g.replication_type AS "replicationType", g.rpo_minutes AS "rpoMinutes", ${nodes(vms)} AS vms
    FROM plan_protection_group pg JOIN protection_group g ON g.id = pg.group_id WHERE pg.plan_id = p.id ORDER BY lower(g.name), g.id`;
  return `${id("p")}p.name, p.description, p.lifecycle, p.rto_target_seconds AS "rtoTargetSeconds", ${nodes(groups)} AS "protectionGroups"`;
}

const nodes = (rows: string) => `json_build_object('nodes', (SELECT coalesce(json_agg(row), '[]') FROM (${rows}) AS row))`;

const onePlan = (ids: boolean) => `SELECT json_build_object('data', json_build_object('recoveryPlan',
    (SELECT row_to_json(row) FROM (SELECT ${planColumns(ids)} FROM recovery_plan p WHERE p.id = $1::uuid) AS row)))::text AS answer`;

const cursor = `translate(encode(convert_to('["NAME","ASC",' || to_json(lower(v.name)) || ',"' || v.id || '"]', 'UTF8'), 'base64'), E'+/=\\n', '-_')`;

const vmObject = `json_build_object('name', v.name, 'powerState', v.power_state, 'cpuCount', v.cpu_count, 'memoryMb', v.memory_mb)`;

/** One more than a page tells whether there are more. */
const vms = `WITH page AS MATERIALIZED (
    SELECT v.*, row_number() OVER (ORDER BY lower(v.name), v.id) AS place FROM (
      SELECT * FROM virtual_machine v WHERE $2::text IS NULL OR (lower(v.name), v.id) > ($2::text, $3::uuid) ORDER BY lower(v.name), v.id LIMIT $1::int + 1
    ) AS v
  )
  SELECT json_build_object('data', json_build_object('vms', json_build_object(
    'edges', (SELECT coalesce(json_agg(json_build_object('cursor', ${cursor}, 'node', ${vmObject}) ORDER BY v.place), '[]') FROM page v WHERE v.place <= $1::int),
    'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > $1::int FROM page),
      'endCursor', (SELECT ${cursor} FROM page v WHERE v.place <= $1::int ORDER BY v.place DESC LIMIT 1)))))::text AS answer`;

const steps = `SELECT json_build_object('data', json_build_object('recovery', (SELECT row_to_json(row) FROM (SELECT r.plan_name AS "planName", r.state, ${nodes(
  "SELECT s.path AS number, s.name, s.kind, s.status FROM recovery_step s WHERE s.run_id = r.id ORDER BY s.ordinal LIMIT $2::int",
)} AS "allSteps" FROM recovery r WHERE r.id = $1::uuid) AS row)))::text AS answer`;

export const statements = {
  plan: onePlan(false),
  planWithIds: onePlan(true),
  fivePlans: `SELECT json_build_object('data', json_object_agg(row.key, row.plan ORDER BY row.key))::text AS answer FROM (
    SELECT k.key, (SELECT row_to_json(one) FROM (SELECT ${planColumns(false)} FROM recovery_plan p WHERE p.id = k.id) AS one) AS plan
    FROM unnest($1::text[], $2::uuid[]) AS k (key, id)) AS row`,
  vms,
  steps,
} as const;
