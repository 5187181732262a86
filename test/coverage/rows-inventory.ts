import { expect } from "vitest";
import { notAnId, nothing, type Rows } from "./row.ts";

const vmQuery = `query ($id: ID!) { vm(id: $id) { id name protectionState needsConfiguration protectionGroup { id name } placeholder { name }
  sourceSite { site { name vcenterServer datacenter } cluster host datastore { name } }
  recoverySite { site { name vcenterServer datacenter } cluster resourcePool { name } folder { name } datastore { name } }
  recoverySettings { priority startupDelaySeconds shutdownDelaySeconds skipGuestShutdown powerOnAfterRecovery }
  replicationInfo { replicationType rpoMinutes lastSyncTime lagSeconds state } } }`;

export const inventoryRows: Rows = {
  "list VMs (3 filters), VM details (source site, recovery site, recovery settings, replication info)": {
    good: [
      [
        "VMs are listed by group, protection state and need of configuration",
        async (api) => {
          const { protectionGroups } = await api.ask('{ protectionGroups(filter: { name: "Database" }) { nodes { id vmCount } } }');
          const [group] = protectionGroups.nodes;
          const list =
            "query ($filter: VmFilter) { vms(filter: $filter, first: 100) { totalCount nodes { name protectionState needsConfiguration } } }";
          const { vms } = await api.ask(list, {
            filter: { protectionGroupId: group.id, protectionState: "SHADOWING", needsConfiguration: false },
          });
          expect(vms).toMatchObject({ totalCount: group.vmCount });
          const none = await api.ask(list, { filter: { protectionState: "ERROR" } });
          expect(none.vms).toEqual({ totalCount: 0, nodes: [] });
          expect((await api.ask(list, { filter: { needsConfiguration: true } })).vms.totalCount).toBe(0);
        },
      ],
      [
        "a VM shows both its sites, its settings and its replication",
        async (api) => {
          const { vms } = await api.ask('{ vms(filter: { name: "db-server-01" }) { nodes { id } } }');
          const { vm } = await api.ask(vmQuery, { id: vms.nodes[0].id });
          expect(vm).toMatchObject({
            name: "db-server-01",
            protectionState: "SHADOWING",
            placeholder: { name: "db-server-01-placeholder" },
            sourceSite: { site: { name: "Primary-Site" }, cluster: "Production-Cluster", datastore: { name: "DatabaseServers-DS" } },
            recoverySite: { site: { name: "Recovery-Site" }, folder: { name: expect.any(String) } },
            recoverySettings: { priority: expect.any(String), shutdownDelaySeconds: 300, powerOnAfterRecovery: true },
            replicationInfo: { replicationType: "SAN", rpoMinutes: expect.any(Number), lagSeconds: expect.any(Number), state: "SYNCED" },
          });
        },
      ],
    ],
    bad: [
      [
        "an id that is none, or of another type, is INVALID_REQUEST; one of nothing gives null",
        async (api) => {
          expect(await api.failed(vmQuery, { id: notAnId })).toMatchObject({ code: "INVALID_REQUEST", status: 400 });
          expect(await api.failed(vmQuery, { id: nothing("Site") })).toMatchObject({ code: "INVALID_REQUEST" });
          expect(await api.ask(vmQuery, { id: nothing("VirtualMachine") })).toEqual({ vm: null });
        },
      ],
      [
        "a filter of another state than the five is INVALID_REQUEST, before anything is read",
        async (api) => {
          const error = await api.failed("{ vms(filter: { protectionState: REPLICATED }) { totalCount } }");
          expect(error).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining("REPLICATED") });
        },
      ],
    ],
  },
};
