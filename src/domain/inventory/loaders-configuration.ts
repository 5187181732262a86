/**
 * What a protected VM still needs before it can be recovered, computed from what there is: nothing of it is stored. The list's filter and
 * the loader ask by the same SQL. (Reference: needs_configuration.)
 */
import type { Database } from "../../database/database.ts";
import { queryRows } from "../../database/row-tap.ts";
import { batchedMany, type Gate } from "../batching.ts";
import { type Fault, fault } from "../faults.ts";

interface ReasonRow {
  readonly vmId: string;
  readonly vmName: string;
  readonly siteName: string;
  readonly kind: "CONFIGURATION" | "NETWORK" | "FOLDER" | "RESOURCE_POOL" | "IP_CUSTOMIZATION" | "GUEST_COMMANDS";
  /** Of the network, folder or pool; empty for the rest. */
  readonly name: string;
}

/** Before a provider has said what it can do, it is taken to do everything. */
const can = (capability: string) => `coalesce((r.capabilities ->> '${capability}')::boolean, true)`;

/**
 * On the way back to the site that a VM comes from, where it was there goes before any mapping. True of SQL where that record is `recorded`,
 * of the VM at its recovery site `r`; `turned` is that of its group.
 */
export const wasThere = (vmId: string, turned: string, recorded: string): string =>
  `${turned} AND EXISTS (SELECT FROM vm_place k WHERE k.vm_id = ${vmId} AND k.site_id = r.id AND ${recorded})`;

/** Of an adapter `c`. */
export const nicWasThere = (vmId: string, turned: string): string =>
  wasThere(vmId, turned, `k.nics @? format('$[*] ? (@.nicIndex == %s && @.network != null)', c.nic_index)::jsonpath`);

/**
 * FROM and WHERE of the reasons of one VM, for a statement with `m`, its row of protected_vm, and `v`, that of virtual_machine: columns
 * `kind` and `name` of `reason`, and the recovery site `r`. Mappings are the pair's, in the direction of their source's site.
 */
export const configurationReasons = `FROM protection_group g JOIN site r ON r.id = g.recovery_site_id
    LEFT JOIN site_pairing p ON least(p.local_site_id, p.remote_site_id) = least(g.protected_site_id, g.recovery_site_id)
      AND greatest(p.local_site_id, p.remote_site_id) = greatest(g.protected_site_id, g.recovery_site_id)
    CROSS JOIN LATERAL (
      SELECT 'CONFIGURATION' AS kind, '' AS name WHERE m.protection_state = 'NOT_CONFIGURED'
      UNION ALL SELECT DISTINCT 'NETWORK', n.name FROM vm_nic c JOIN network n ON n.id = c.network_id WHERE c.vm_id = m.vm_id
        AND NOT EXISTS (SELECT FROM vm_network_mapping x JOIN network t ON t.id = x.target_network_id
          WHERE x.vm_id = c.vm_id AND x.source_network_id = n.id AND t.site_id = r.id)
        AND NOT EXISTS (SELECT FROM network_mapping x WHERE x.pairing_id = p.id AND x.source_network_id = n.id)
        AND NOT (${nicWasThere("m.vm_id", "g.turned")})
      UNION ALL SELECT 'FOLDER', f.path FROM folder f WHERE f.id = v.folder_id AND ${can("folders")}
        AND NOT EXISTS (SELECT FROM folder_mapping x WHERE x.pairing_id = p.id AND x.source_folder_id = f.id)
        AND NOT (${wasThere("m.vm_id", "g.turned", "k.folder IS NOT NULL")})
      UNION ALL SELECT 'RESOURCE_POOL', o.name FROM resource_pool o WHERE o.id = v.resource_pool_id AND ${can("resourcePools")}
        AND NOT EXISTS (SELECT FROM resource_mapping x WHERE x.pairing_id = p.id AND x.source_resource_pool_id = o.id)
        AND NOT (${wasThere("m.vm_id", "g.turned", "k.resource_pool IS NOT NULL")})
      UNION ALL SELECT 'IP_CUSTOMIZATION', '' FROM vm_recovery_settings s WHERE s.vm_id = m.vm_id AND s.ip_customization_enabled
        AND r.capabilities ->> 'ipCustomisation' = 'NONE' AND EXISTS (SELECT FROM ip_rule x WHERE x.vm_id = s.vm_id)
      UNION ALL SELECT 'GUEST_COMMANDS', '' WHERE NOT ${can("guestCommands")}
        AND EXISTS (SELECT FROM vm_command x WHERE x.vm_id = m.vm_id AND x.run_in_guest)
    ) AS reason
    WHERE g.id = m.group_id`;

/** True of a pair `i` of sites, which is that of a group `g`. */
export const samePair = `least(i.local_site_id, i.remote_site_id) = least(g.protected_site_id, g.recovery_site_id)
    AND greatest(i.local_site_id, i.remote_site_id) = greatest(g.protected_site_id, g.recovery_site_id)`;
/** Places of a pair's sites that the pair does not map: few, mostly those of the side that nothing is recovered from. */
const gap = (place: string, mapping: string, column: string) => `SELECT i.id AS pairing_id, o.id FROM site_pairing i
    JOIN ${place} o ON o.site_id IN (i.local_site_id, i.remote_site_id)
    WHERE NOT EXISTS (SELECT FROM ${mapping} x WHERE x.pairing_id = i.id AND x.${column} = o.id)`;

/**
 * Protected VMs (vm_id, group_id) that may have something unmapped: all that do, and few more, found from the side of what is not mapped. For
 * lists, which would ask the rule itself of every VM that there is; a statement asks it of these. Each part is worked out by itself, once, by indexes (OFFSET 0 keeps it apart).
 */
export const maybeUnmapped = `WITH gap AS MATERIALIZED (${gap("network", "network_mapping", "source_network_id")}
    UNION ALL ${gap("folder", "folder_mapping", "source_folder_id")}
    UNION ALL ${gap("resource_pool", "resource_mapping", "source_resource_pool_id")}
  ), used AS MATERIALIZED (
    SELECT gap.pairing_id, u.vm_id FROM gap CROSS JOIN LATERAL (SELECT c.vm_id FROM vm_nic c WHERE c.network_id = gap.id OFFSET 0) AS u
    UNION SELECT gap.pairing_id, u.id FROM gap CROSS JOIN LATERAL (SELECT v.id FROM virtual_machine v WHERE v.folder_id = gap.id OFFSET 0) AS u
    UNION SELECT gap.pairing_id, u.id FROM gap CROSS JOIN LATERAL (SELECT v.id FROM virtual_machine v WHERE v.resource_pool_id = gap.id OFFSET 0) AS u
  )
  SELECT m.vm_id, m.group_id FROM used JOIN protected_vm m ON m.vm_id = used.vm_id JOIN protection_group g ON g.id = m.group_id
    JOIN site_pairing i ON i.id = used.pairing_id AND ${samePair}
  UNION ALL SELECT m.vm_id, m.group_id FROM protection_group g JOIN protected_vm m ON m.group_id = g.id
    WHERE NOT EXISTS (SELECT FROM site_pairing i WHERE ${samePair})`;

/** True of a VM with something to configure, for a statement with `m` and `v` as above. */
export const needsConfiguration = `(m.vm_id IS NOT NULL AND (m.protection_state = 'NOT_CONFIGURED'
      OR m.vm_id IN (SELECT x.vm_id FROM vm_recovery_settings x WHERE x.ip_customization_enabled)
      OR m.vm_id IN (SELECT x.vm_id FROM vm_command x WHERE x.run_in_guest)
      OR m.vm_id IN (SELECT x.vm_id FROM (${maybeUnmapped}) AS x))
    AND EXISTS (SELECT ${configurationReasons}))`;

const reasons = `SELECT m.vm_id AS "vmId", v.name AS "vmName", found.* FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id
    CROSS JOIN LATERAL (SELECT r.name AS "siteName", reason.kind, reason.name ${configurationReasons}) AS found
  WHERE m.vm_id = ANY($1::uuid[]) ORDER BY m.vm_id, found.kind, found.name`;

/** Pure: one reason as the API says it. */
function reasonOf({ kind, name, vmName, siteName }: ReasonRow): Fault {
  switch (kind) {
    case "CONFIGURATION":
      return fault("VM_NOT_CONFIGURED", `${vmName} has no placeholder at ${siteName} yet.`);
    case "NETWORK":
      return fault("MAPPING_MISSING", `${vmName} is connected to the network ${name}, which is not mapped to ${siteName}.`);
    case "FOLDER":
      return fault("MAPPING_MISSING", `${vmName} is in the folder ${name}, which is not mapped to ${siteName}.`);
    case "RESOURCE_POOL":
      return fault("MAPPING_MISSING", `${vmName} is in the resource pool ${name}, which is not mapped to ${siteName}.`);
    case "IP_CUSTOMIZATION":
      return fault("CAPABILITY_MISSING", `${vmName} gets other addresses, and the provider of ${siteName} can't change addresses.`);
    case "GUEST_COMMANDS":
      return fault("CAPABILITY_MISSING", `${vmName} has commands for its guest, and the provider of ${siteName} can't run any there.`);
  }
}

export function openConfigurationLoaders({ pool }: Pick<Database, "pool">) {
  const reasonsOfVm = batchedMany(
    (ids) => queryRows<ReasonRow>(pool, { name: "vm-configuration-reasons", text: reasons, values: [ids] }),
    ({ vmId }) => vmId,
  );
  return (gate: Gate) => {
    const loader = reasonsOfVm.loader(gate);
    return { configurationReasonsOfVm: { load: async (vmId: string): Promise<Fault[]> => (await loader.load(vmId)).map(reasonOf) } };
  };
}
