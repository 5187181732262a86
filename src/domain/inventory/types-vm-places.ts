/** Where a VM is, and where it goes: its own mappings first, then the inventory's. (Reference: source_site, recovery_site.) */
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import type { GroupRow } from "../protection/types-refs.ts";
import { SiteRef } from "../sites/types.ts";
import { DatastoreRef, FolderRef, NetworkRef, ResourcePoolRef } from "./types.ts";
import { VirtualMachineRef } from "./types-vm.ts";
import type { VmRow } from "./types-vm-rows.ts";

const MappingSource = builder.enumType("MappingSource", {
  description: "Whose mapping it is.",
  values: {
    VM: { description: "The VM's own, which goes first." },
    INVENTORY: { description: "The inventory's, which holds for all VMs." },
  } as const,
});

interface NetworkPlace {
  readonly sourceNetworkId: string;
  readonly targetNetworkId: string;
  readonly testNetworkId: string | null;
  readonly source: "VM" | "INVENTORY";
}

const EffectiveNetworkMapping = builder.objectRef<NetworkPlace>("EffectiveNetworkMapping").implement({
  description: "The mapping that counts for a network that a VM is connected to.",
  fields: (t) => ({
    source: t.expose("source", { type: MappingSource, description: "Whose mapping it is." }),
    sourceNetwork: t.field({
      type: NetworkRef,
      nullable: true,
      description: "The network that the VM is connected to.",
      resolve: ({ sourceNetworkId }, _args, { loaders }) => loaders.network.load(sourceNetworkId),
    }),
    targetNetwork: t.field({
      type: NetworkRef,
      nullable: true,
      description: "Where it is connected by a real recovery.",
      resolve: ({ targetNetworkId }, _args, { loaders }) => loaders.network.load(targetNetworkId),
    }),
    testNetwork: t.field({
      type: NetworkRef,
      nullable: true,
      description: "Where it is connected by a test; null: to an isolated network made for the test.",
      resolve: ({ testNetworkId }, _args, { loaders }) => (testNetworkId === null ? null : loaders.network.load(testNetworkId)),
    }),
  }),
});

const SourceSite = builder.objectRef<VmRow>("VmSourceSite").implement({
  description: "Where a VM runs. (Reference: source_site.)",
  fields: (t) => ({
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site, with its vCenter and datacenter.",
      resolve: ({ siteId }, _args, { loaders }) => loaders.site.load(siteId),
    }),
    cluster: t.exposeString("cluster", { nullable: true, description: "Name of its cluster, where there are clusters." }),
    host: t.exposeString("host", { nullable: true, description: "Name of its host." }),
    datastore: t.field({
      type: DatastoreRef,
      nullable: true,
      description: "Where its disks are.",
      resolve: ({ datastoreId }, _args, { loaders }) => (datastoreId === null ? null : loaders.datastore.load(datastoreId)),
    }),
    folder: t.field({
      type: FolderRef,
      nullable: true,
      description: "The folder that it is in.",
      resolve: ({ folderId }, _args, { loaders }) => (folderId === null ? null : loaders.folder.load(folderId)),
    }),
    resourcePool: t.field({
      type: ResourcePoolRef,
      nullable: true,
      description: "The resource pool that it runs in.",
      resolve: ({ resourcePoolId }, _args, { loaders }) => (resourcePoolId === null ? null : loaders.resourcePool.load(resourcePoolId)),
    }),
  }),
});

interface Target {
  readonly vm: VmRow;
  readonly group: GroupRow;
}

/** The mapping of a source whose target is at the recovery site. */
async function mapped(kind: "folder" | "pool", sourceId: string | null, { group }: Target, { loaders }: Context): Promise<string | null> {
  if (sourceId === null) return null;
  const places = await (kind === "folder" ? loaders.folderPlacesOf : loaders.poolPlacesOf).load(sourceId);
  return places.find(({ targetSiteId }) => targetSiteId === group.recoverySiteId)?.targetId ?? null;
}

const pool = async (target: Target, context: Context) => {
  const id = await mapped("pool", target.vm.resourcePoolId, target, context);
  return id === null ? null : context.loaders.resourcePool.load(id);
};

async function networkPlaces({ vm, group }: Target, { loaders }: Context): Promise<NetworkPlace[]> {
  const [nics, own] = await Promise.all([loaders.nicsOfVm.load(vm.id), loaders.networkMappingsOfVm.load(vm.id)]);
  const connected = [...new Set(nics.flatMap(({ networkId }) => networkId ?? []))];
  const found = connected.map(async (sourceNetworkId): Promise<NetworkPlace[]> => {
    const ofVm = own.find((mapping) => mapping.sourceNetworkId === sourceNetworkId && mapping.targetSiteId === group.recoverySiteId);
    if (ofVm) return [{ ...ofVm, source: "VM" }];
    const places = await loaders.networkPlacesOf.load(sourceNetworkId);
    const place = places.find(({ targetSiteId }) => targetSiteId === group.recoverySiteId);
    if (!place) return [];
    return [{ sourceNetworkId, targetNetworkId: place.targetId, testNetworkId: place.testNetworkId, source: "INVENTORY" }];
  });
  return (await Promise.all(found)).flat();
}

const RecoverySite = builder.objectRef<Target>("VmRecoverySite").implement({
  description: "Where a VM is recovered, by the mappings that count. What is null has no mapping. (Reference: recovery_site.)",
  fields: (t) => ({
    site: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site, with its vCenter and datacenter.",
      resolve: ({ group }, _args, { loaders }) => loaders.site.load(group.recoverySiteId),
    }),
    cluster: t.string({
      nullable: true,
      description: "Name of the cluster: that of the resource pool.",
      resolve: async (target, _args, context) => (await pool(target, context))?.cluster ?? null,
    }),
    resourcePool: t.field({
      type: ResourcePoolRef,
      nullable: true,
      description: "The resource pool that it will run in.",
      resolve: (target, _args, context) => pool(target, context),
    }),
    folder: t.field({
      type: FolderRef,
      nullable: true,
      description: "The folder that it will be in.",
      resolve: async (target, _args, context) => {
        const id = await mapped("folder", target.vm.folderId, target, context);
        return id === null ? null : context.loaders.folder.load(id);
      },
    }),
    datastore: t.field({
      type: DatastoreRef,
      nullable: true,
      description: "Where its replica is.",
      resolve: ({ vm: { recoveryDatastoreId: id } }, _args, { loaders }) => (id === null ? null : loaders.datastore.load(id)),
    }),
    networks: t.field({
      type: [EffectiveNetworkMapping],
      description: "One for each network that it is connected to and that is mapped.",
      resolve: (target, _args, context) => networkPlaces(target, context),
    }),
  }),
});

const VmNetworkMapping = builder
  .objectRef<{ sourceNetworkId: string; targetNetworkId: string; testNetworkId: string | null }>("VmNetworkMapping")
  .implement({
    description: "A VM's own network mapping. (Reference: Configure VM Network Mappings.)",
    fields: (t) => ({
      sourceNetwork: t.field({
        type: NetworkRef,
        nullable: true,
        description: "The network that is left.",
        resolve: ({ sourceNetworkId }, _args, { loaders }) => loaders.network.load(sourceNetworkId),
      }),
      targetNetwork: t.field({
        type: NetworkRef,
        nullable: true,
        description: "The network of a real recovery.",
        resolve: ({ targetNetworkId }, _args, { loaders }) => loaders.network.load(targetNetworkId),
      }),
      testNetwork: t.field({
        type: NetworkRef,
        nullable: true,
        description: "The network of a test; null: each test makes an isolated one of its own.",
        resolve: ({ testNetworkId }, _args, { loaders }) => (testNetworkId === null ? null : loaders.network.load(testNetworkId)),
      }),
    }),
  });

builder.objectFields(VirtualMachineRef, (t) => ({
  sourceSite: t.field({ type: SourceSite, description: "Where it runs. (Reference: source_site.)", resolve: (vm) => vm }),
  recoverySite: t.field({
    type: RecoverySite,
    nullable: true,
    description: "Where it is recovered; null: it is not protected. (Reference: recovery_site.)",
    resolve: async (vm, _args, { loaders }) => {
      const group = vm.groupId === null ? null : await loaders.group.load(vm.groupId);
      return group && { vm, group };
    },
  }),
  networkMappingsVersion: t.exposeInt("networkMappingsVersion", {
    description: "Rises with each change of its own network mappings; what configureVmNetworkMappings can expect.",
  }),
  networkMappings: t.field({
    type: [VmNetworkMapping],
    description: "Its own network mappings, which go before the inventory's; one that does not lead to its recovery site has no effect.",
    resolve: ({ id }, _args, { loaders }) => loaders.networkMappingsOfVm.load(id),
  }),
}));
