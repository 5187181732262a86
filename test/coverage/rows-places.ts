import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import { nothing, type Rows } from "./row.ts";
import { siteIds } from "./tasks.ts";

const mappings = `query ($filter: InventoryMappingFilter) { inventoryMappings(filter: $filter) {
  networkMappings { totalCount nodes { id version sourceNetwork { name } targetNetwork { name } testNetwork { name } } }
  folderMappings { nodes { id sourceFolder { name } targetFolder { name } } }
  resourceMappings { nodes { id sourceResource { name } targetResource { name } } } } }`;
const all = async (api: Api): Promise<Json> => (await api.ask(mappings)).inventoryMappings;

const ids = async (api: Api, list: string): Promise<Record<string, string>> => {
  const answer = await api.ask(`{ ${list}(first: 100) { nodes { id name } } }`);
  return Object.fromEntries(answer[list].nodes.map(({ id, name }: Json) => [name, id]));
};

export const placeRows: Rows = {
  "datastores, networks, resource pools, folders; inventory mappings": {
    good: [
      [
        "the four inventories are listed by site, datastores by replication state too",
        async (api) => {
          const { protectedSiteId: siteId } = await siteIds(api);
          const query = `query ($filter: InventoryFilter) { networks(filter: $filter) { nodes { name type vlanId site { id } } }
            resourcePools(filter: $filter) { nodes { name cluster cpuLimitMhz cpuReservationMhz memoryLimitMb memoryReservationMb vmCount site { id } } }
            folders(filter: $filter) { nodes { name path type site { id } } } }`;
          const { networks, resourcePools, folders } = await api.ask(query, { filter: { siteId } });
          expect(networks.nodes).toContainEqual({ name: "VM Network", type: "STANDARD", vlanId: 100, site: { id: siteId } });
          expect(resourcePools.nodes[0]).toMatchObject({
            name: "Production-RP",
            cluster: "Production-Cluster",
            cpuLimitMhz: 100_000,
            vmCount: 30,
          });
          expect(folders.nodes).toEqual([
            { name: "Production-VMs", path: "/DC-Primary/vm/Production-VMs", type: "VM", site: { id: siteId } },
          ]);
          const stores = `query ($filter: DatastoreFilter) { datastores(filter: $filter) { nodes { name type capacityBytes freeBytes replicationState
            arrayManager replicatedDeviceId protectionGroup { name } } } }`;
          const { datastores } = await api.ask(stores, { filter: { siteId, replicationState: "SYNCED", name: "Database" } });
          const device = { arrayManager: "NetApp-SRA", replicatedDeviceId: "lun-001", protectionGroup: { name: "DatabaseServers-PG" } };
          expect(datastores.nodes).toMatchObject([{ name: "DatabaseServers-DS", capacityBytes: 1_099_511_627_776, ...device }]);
        },
      ],
      [
        "mappings of the three kinds are listed, set with their reverse, and deleted",
        async (api) => {
          const before = await all(api);
          expect(before.folderMappings.nodes).toMatchObject([
            { sourceFolder: { name: "Production-VMs" }, targetFolder: { name: "Recovered-VMs" } },
          ]);
          expect(before.resourceMappings.nodes).toMatchObject([
            { sourceResource: { name: "Production-RP" }, targetResource: { name: "DR-ResourcePool" } },
          ]);
          const networks = await ids(api, "networks");
          const input = { sourceNetworkId: networks["DR-Production-DVS"], targetNetworkId: networks["Production-DVS"] };
          const { networkMapping } = await api.change("setNetworkMapping", input, "networkMapping { id version }");
          expect((await all(api)).networkMappings.totalCount).toBe(before.networkMappings.totalCount + 1);
          await api.change(
            "deleteNetworkMapping",
            { networkMappingId: networkMapping.id, expectedVersion: networkMapping.version },
            "__typename",
          );
          expect(await all(api)).toEqual(before);
        },
      ],
    ],
    bad: [
      [
        "a mapping within one site is a field error, a version that has passed CONFLICT, one that is none NOT_FOUND",
        async (api) => {
          const networks = await ids(api, "networks");
          const same = { sourceNetworkId: networks["VM Network"], targetNetworkId: networks["Production-DVS"] };
          const error = await api.refused("setNetworkMapping", same);
          expect(error).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["targetNetworkId"] }] });
          const [{ id, version }] = (await all(api)).networkMappings.nodes;
          const stale = await api.refused("deleteNetworkMapping", { networkMappingId: id, expectedVersion: version + 1 });
          expect(stale).toMatchObject({ code: "CONFLICT", version });
          const unknown = { networkMappingId: nothing("NetworkMapping") };
          expect(await api.refused("deleteNetworkMapping", unknown)).toMatchObject({ code: "NOT_FOUND", resource: "NetworkMapping" });
        },
      ],
    ],
  },
};
