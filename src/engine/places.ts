/**
 * Where each VM is at its protected site before a recovery touches it: a failback puts it there again. Noted before the first step, since a
 * VM that is off no longer tells its addresses: those that are known from before stay, such as of one that an incomplete run has shut down.
 * What is noted of one that runs at the recovery site already stays as it is.
 */
import type pg from "pg";
import type { RecoverySnapshot } from "./run-snapshot.ts";

const text = `INSERT INTO vm_place (vm_id, site_id, folder, resource_pool, datastore, nics, recorded_at)
  SELECT v.id, v.site_id, f.path, p.name, d.name,
    COALESCE((SELECT jsonb_agg(jsonb_build_object('nicIndex', c.nic_index, 'network', n.name, 'ipAddresses', CASE WHEN c.ip_addresses <> '{}' THEN to_jsonb(c.ip_addresses)
        ELSE COALESCE((SELECT b -> 'ipAddresses' FROM jsonb_array_elements(before.nics) b WHERE (b ->> 'nicIndex')::int = c.nic_index), '[]') END) ORDER BY c.nic_index)
      FROM vm_nic c LEFT JOIN network n ON n.id = c.network_id WHERE c.vm_id = v.id), '[]'), dr_now()
  FROM virtual_machine v LEFT JOIN folder f ON f.id = v.folder_id LEFT JOIN resource_pool p ON p.id = v.resource_pool_id
    LEFT JOIN datastore d ON d.id = v.datastore_id LEFT JOIN vm_place before ON before.vm_id = v.id AND before.site_id = v.site_id
  WHERE v.id = ANY($1::uuid[]) AND v.site_id = $2 AND NOT EXISTS (SELECT FROM recovered_vm r WHERE r.vm_id = v.id)
  ON CONFLICT (vm_id, site_id) DO UPDATE SET folder = excluded.folder, resource_pool = excluded.resource_pool, datastore = excluded.datastore,
    nics = excluded.nics, recorded_at = excluded.recorded_at`;

export async function notePlaces(pool: pg.Pool, { vms, protectedSite }: RecoverySnapshot): Promise<void> {
  await pool.query({ name: "engine-note-places", text, values: [vms.map(({ id }) => id), protectedSite.id] });
}
