/** Changing where a VM's adapters are connected when it is recovered. (Reference: Configure VM Network Mappings.) */
import { type DomainError, PreconditionFailedError } from "../errors.ts";
import { type FieldErrors, fieldErrors } from "../field-errors.ts";
import { checkVersion, ifChanged, mutate } from "../mutation.ts";
import type { Refusals } from "../operations.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { findVm, type Queryable } from "./service-vm-rows.ts";
import type { ChangedVm } from "./service-vm-settings.ts";

export interface MappingWish {
  readonly sourceNetworkId: string;
  readonly targetNetworkId: string;
  /** Null: each test makes an isolated network of its own. */
  readonly testNetworkId?: string | null | undefined;
}

export interface MappingsInput {
  readonly vmId: string;
  readonly networkMappings: readonly MappingWish[];
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export const configureMappings = (context: ServiceContext, viewer: Viewer, input: MappingsInput): Promise<ChangedVm> =>
  mutate(context, viewer, {
    mutation: "configureVmNetworkMappings",
    input: { ...input },
    answer: { vmId: input.vmId },
    act: async (client) => {
      const vm = await findVm(client, input.vmId, true);
      const recoverySite = await recoverySiteOf(client, vm.id);
      if (recoverySite === null) throw notProtected(vm.name);
      checkVersion(`the network mappings of ${vm.name}`, vm.networkMappingsVersion, input.expectedVersion);
      const errors = fieldErrors();
      await check(client, errors, vm, recoverySite, input.networkMappings);
      errors.check();
      const wished = bySource(
        input.networkMappings.map(({ sourceNetworkId, targetNetworkId, testNetworkId = null }) => ({
          sourceNetworkId,
          targetNetworkId,
          testNetworkId,
        })),
      );
      return ifChanged(bySource(await readOwn(client, vm.id)), wished, async () => {
        await write(client, vm.id, wished);
        return [{ kind: "VM_CHANGED", id: vm.id, change: "UPDATED" }];
      });
    },
  });

/** What stands in the way of configuring a VM: a mapping leads to the site that its group recovers it to. Pure. */
export const configurationRefusals = (vm: {
  readonly name: string;
  readonly groupId: string | null;
}): Refusals<"CONFIGURE_VM_RECOVERY_SETTINGS" | "CONFIGURE_VM_NETWORK_MAPPINGS"> => ({
  CONFIGURE_VM_RECOVERY_SETTINGS: null,
  CONFIGURE_VM_NETWORK_MAPPINGS: vm.groupId === null ? notProtected(vm.name) : null,
});

const notProtected = (vmName: string): DomainError =>
  new PreconditionFailedError(
    "NOT_PROTECTED",
    `${vmName} is not protected, so there is no recovery site whose networks it could be connected to.`,
    "Add it to a protection group first (addProtectedVms).",
  );

interface Place {
  readonly id: string;
  readonly name: string;
}

async function recoverySiteOf(client: Queryable, vmId: string): Promise<Place | null> {
  const { rows } = await client.query<Place>({
    name: "vm-recovery-site",
    text: `SELECT s.id, s.name FROM protected_vm m JOIN protection_group g ON g.id = m.group_id JOIN site s ON s.id = g.recovery_site_id
      WHERE m.vm_id = $1`,
    values: [vmId],
  });
  return rows[0] ?? null;
}

/** From networks of its adapters, each once, to networks of the recovery site. */
async function check(
  client: Queryable,
  errors: FieldErrors,
  vm: Place,
  recoverySite: Place,
  wishes: readonly MappingWish[],
): Promise<void> {
  const { rows } = await client.query<Place & { siteId: string; used: boolean }>({
    name: "vm-networks",
    text: `SELECT n.id, n.name, n.site_id AS "siteId", EXISTS (SELECT FROM vm_nic c WHERE c.vm_id = $1 AND c.network_id = n.id) AS used
      FROM network n WHERE n.id = ANY ($2::uuid[])`,
    values: [
      vm.id,
      wishes.flatMap(({ sourceNetworkId, targetNetworkId, testNetworkId }) => [
        sourceNetworkId,
        targetNetworkId,
        testNetworkId ?? sourceNetworkId,
      ]),
    ],
  });
  const networks = new Map(rows.map((network) => [network.id, network]));
  const seen = new Set<string>();
  for (const [at, wish] of wishes.entries()) {
    const say = (field: keyof MappingWish, message: string) => errors.add(["networkMappings", at, field], message);
    const source = networks.get(wish.sourceNetworkId);
    if (source === undefined) say("sourceNetworkId", "There is no network with this id.");
    else if (!source.used) say("sourceNetworkId", `No adapter of ${vm.name} is connected to the network ${source.name}.`);
    else if (seen.has(source.id)) say("sourceNetworkId", `The network ${source.name} is mapped above.`);
    seen.add(wish.sourceNetworkId);
    for (const field of ["targetNetworkId", "testNetworkId"] as const) {
      const id = wish[field];
      const network = id ? networks.get(id) : undefined;
      if (!id || network?.siteId === recoverySite.id) continue;
      if (network === undefined) say(field, "There is no network with this id.");
      else say(field, `The network ${network.name} is not at ${recoverySite.name}, where ${vm.name} is recovered.`);
    }
  }
}

interface OwnMapping extends MappingWish {
  readonly testNetworkId: string | null;
}

/** Their order means nothing. */
const bySource = (mappings: readonly OwnMapping[]): OwnMapping[] =>
  mappings.toSorted((a, b) => (a.sourceNetworkId < b.sourceNetworkId ? -1 : 1));

async function readOwn(client: Queryable, vmId: string): Promise<OwnMapping[]> {
  const { rows } = await client.query<OwnMapping>({
    name: "vm-mappings-own",
    text: `SELECT source_network_id AS "sourceNetworkId", target_network_id AS "targetNetworkId", test_network_id AS "testNetworkId"
      FROM vm_network_mapping WHERE vm_id = $1`,
    values: [vmId],
  });
  return rows;
}

async function write(client: Queryable, vmId: string, mappings: readonly OwnMapping[]): Promise<void> {
  await client.query({ name: "vm-mappings-clear", text: "DELETE FROM vm_network_mapping WHERE vm_id = $1", values: [vmId] });
  await client.query({
    name: "vm-mappings-add",
    text: `INSERT INTO vm_network_mapping (id, vm_id, source_network_id, target_network_id, test_network_id)
      SELECT gen_random_uuid(), $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[])`,
    values: [
      vmId,
      mappings.map(({ sourceNetworkId }) => sourceNetworkId),
      mappings.map(({ targetNetworkId }) => targetNetworkId),
      mappings.map(({ testNetworkId }) => testNetworkId),
    ],
  });
  const text = "UPDATE virtual_machine SET network_mappings_version = network_mappings_version + 1 WHERE id = $1";
  await client.query({ name: "vm-mappings-version", text, values: [vmId] });
}
