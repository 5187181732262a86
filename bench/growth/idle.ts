/** What a gateway takes that nobody asks anything: cycles, lag, inventories and readiness go on, all of them due in their turn. */
import { setTimeout as delay } from "node:timers/promises";
import { cpuSeconds, memoryMib } from "../support/proc.ts";
import type { Size } from "./sizes.ts";

export interface Idle {
  /** CPU seconds in a minute. */
  readonly gateway: number;
  readonly postgres: number;
  readonly memoryMib: number;
}

/** The lab gets the machines that the database has, and what rests is due over the next minutes, as it is in a gateway that runs for days. */
const awaken = [
  `INSERT INTO lab.folder (id, site_id, name) SELECT f.path, s.external_id, f.name FROM folder f JOIN site s ON s.id = f.site_id ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.resource_pool (id, site_id, name, cluster) SELECT p.name, s.external_id, p.name, p.cluster FROM resource_pool p JOIN site s ON s.id = p.site_id
    ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.network (id, site_id, name, made_at, type, vlan_id) SELECT n.name, s.external_id, n.name, dr_now(), n.type::text, n.vlan_id
    FROM network n JOIN site s ON s.id = n.site_id ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.datastore (id, site_id, type, capacity_bytes, free_bytes) SELECT d.name, s.external_id, d.type::text, d.capacity_bytes, d.free_bytes
    FROM datastore d JOIN site s ON s.id = d.site_id ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.vm (id, site_id, name, nics, disk_bytes, change_bytes_per_second, guest_os, cpu_count, memory_mb, cluster, host, datastore_id, folder_id,
      resource_pool_id, made_at, on_at, booted_at, content)
    SELECT v.external_id, s.external_id, v.name, (SELECT jsonb_agg(jsonb_build_object('nicIndex', c.nic_index, 'networkId', n.name, 'ipAddresses', c.ip_addresses))
        FROM vm_nic c JOIN network n ON n.id = c.network_id WHERE c.vm_id = v.id), v.disk_bytes, 1000, v.guest_os, v.cpu_count, v.memory_mb, v.cluster, v.host,
      d.name, f.path, p.name, dr_now(), o.at, o.at, jsonb_build_array(lab.written(v.external_id, dr_now(), 0))
    FROM virtual_machine v JOIN site s ON s.id = v.site_id JOIN datastore d ON d.id = v.datastore_id JOIN folder f ON f.id = v.folder_id
      JOIN resource_pool p ON p.id = v.resource_pool_id CROSS JOIN LATERAL (SELECT CASE WHEN v.power_state = 'POWERED_ON' THEN dr_now() END AS at) o
    ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.placeholder (id, site_id, name, source_vm_id) SELECT m.placeholder_external_id, s.external_id, m.placeholder_name, v.external_id
    FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id JOIN protection_group g ON g.id = m.group_id JOIN site s ON s.id = g.recovery_site_id
    ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.replica_group (id, site_id, name) SELECT g.external_id, s.external_id, g.name FROM protection_group g JOIN site s ON s.id = g.recovery_site_id
    ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.group_vm (group_id, vm_id) SELECT g.external_id, v.external_id FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id
    JOIN protection_group g ON g.id = m.group_id ON CONFLICT DO NOTHING`,
  `INSERT INTO lab.point (id, group_id, taken_at, complete_at, size_bytes) SELECT p.external_id, g.external_id, p.taken_at, p.completed_at, p.size_bytes
    FROM recovery_point p JOIN protection_group g ON g.id = p.group_id ON CONFLICT DO NOTHING`,
  "UPDATE protection_group SET rpo_minutes = 240",
  "UPDATE replication_cycle SET started_at = dr_now(), next_at = dr_now() + random() * interval '2 hours'",
  "UPDATE readiness_evaluation SET due_at = dr_now() + random() * interval '5 minutes', evaluated_at = dr_now() - random() * interval '1 minute'",
  "UPDATE site SET refresh_due_at = dr_now() + random() * interval '1 minute'",
  "VACUUM (ANALYZE)",
];

export async function idle({ server, product }: Size, seconds: number, settleSeconds: number): Promise<Idle> {
  const client = await server.database.pool.connect();
  try {
    await client.query("SET statement_timeout = 0; SET session_replication_role = replica");
    for (const text of awaken) await client.query(text);
  } finally {
    client.release(true);
  }
  await delay(settleSeconds * 1000);
  const now = () => ({ gateway: cpuSeconds(product.pid), postgres: cpuSeconds(server.pid) });
  const before = now();
  await delay(seconds * 1000);
  const after = now();
  const inAMinute = (used: number) => (used * 60) / seconds;
  return {
    gateway: inAMinute(after.gateway - before.gateway),
    postgres: inAMinute(after.postgres - before.postgres),
    memoryMib: memoryMib(product.pid),
  };
}
