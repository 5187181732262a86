import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import { notAnId, nothing, type Rows } from "./row.ts";
import { aGroup, dropGroup, groupOf, siteIds, taskEnded, vmNamed } from "./tasks.ts";

const list = `query ($filter: ProtectionGroupFilter, $orderBy: ProtectionGroupOrder) { protectionGroups(filter: $filter, orderBy: $orderBy) {
  totalCount nodes { id name description type state peerState protectionState vmCount datastoreCount recoveryPlanCount lastTestTime fault { code } } } }`;

const names = async (api: Api, variables: object): Promise<string[]> =>
  (await api.ask(list, variables)).protectionGroups.nodes.map(({ name }: Json) => name);
const named = async (api: Api, name: string): Promise<Json> => (await api.ask(list, { filter: { name } })).protectionGroups.nodes[0];

const create = async (api: Api, name: string, specification: object, more: object = {}) => ({
  name,
  ...(await siteIds(api)),
  specification,
  ...more,
});
const refusedFields = async (api: Api, input: object): Promise<string[]> => {
  const error = await api.refused("createProtectionGroup", input);
  expect(error.code).toBe("INVALID_REQUEST");
  return error.fieldErrors.map(({ path }: Json) => path.join("."));
};

export const protectionRows: Rows = {
  "list, get, create, update, delete protection group (filter_property, filter, sort_by, sort_order, force)": {
    good: [
      [
        "groups are filtered and sorted",
        async (api) => {
          const byName = ["AppServers-PG", "DatabaseServers-PG", "WebServers-PG"];
          expect(await names(api, {})).toEqual(byName);
          expect(await names(api, { orderBy: { field: "NAME", direction: "DESC" } })).toEqual(byName.toReversed());
          expect(await names(api, { filter: { type: "CONTINUOUS" } })).toEqual(["AppServers-PG"]);
          expect(await names(api, { filter: { name: "SERVERS-pg", state: "READY" } })).toEqual(byName);
        },
      ],
      [
        "a group is created, read, updated and deleted; creation and deletion are tasks with steps",
        async (api) => {
          const group = await aGroup(api, "Spare-PG", ["spare-01"]);
          expect(group).toMatchObject({ name: "Spare-PG", state: "READY", protectionState: "PROTECTED", vmCount: 1, recoveryPlanCount: 0 });
          const change = { groupId: group.id, name: "Spare-PG-Updated", description: "Updated description", rpoMinutes: 5 };
          await api.change("updateProtectionGroup", { ...change, expectedVersion: group.version }, "protectionGroup { id }");
          expect(await groupOf(api, group.id)).toMatchObject({ name: "Spare-PG-Updated", rpoMinutes: 5, version: group.version + 1 });
          await dropGroup(api, group.id);
          expect(await vmNamed(api, "spare-01")).toMatchObject({ protectionState: "NOT_CONFIGURED", protectionGroup: null });
        },
      ],
    ],
    bad: [
      [
        "a name that is taken, or none, is INVALID_REQUEST with the field, before anything is made",
        async (api) => {
          const { id } = await vmNamed(api, "spare-01");
          const specification = { continuous: { vmIds: [id] } };
          expect(await refusedFields(api, await create(api, "webservers-pg", specification))).toEqual(["name"]);
          expect(await refusedFields(api, await create(api, "  ", specification))).toEqual(["name"]);
          expect((await api.ask(list, {})).protectionGroups.totalCount).toBe(3);
        },
      ],
      [
        "a version that has passed is CONFLICT with the current one; deletion without force names what depends on the group",
        async (api) => {
          const { id } = await named(api, "WebServers-PG");
          const { version } = await groupOf(api, id);
          const stale = await api.refused("updateProtectionGroup", { groupId: id, description: "x", expectedVersion: version + 1 });
          expect(stale).toMatchObject({ code: "CONFLICT", version });
          const held = await api.refused("deleteProtectionGroup", { groupId: id });
          expect(held).toMatchObject({ code: "CONFLICT", message: expect.stringMatching(/web-server|WebApp/) });
          const unknown = { groupId: nothing("ProtectionGroup") };
          expect(await api.refused("updateProtectionGroup", unknown)).toMatchObject({ code: "NOT_FOUND", resource: "ProtectionGroup" });
          expect(await api.refused("deleteProtectionGroup", { groupId: notAnId })).toMatchObject({ code: "INVALID_REQUEST" });
        },
      ],
    ],
  },
  "PG types replication, snapshot, continuous with input specs (storage groups; resources and replication settings rpo_minutes, point_in_time_instances, consistency_groups)":
    {
      good: [
        [
          "REPLICATION takes storage groups, and its VMs follow from the datastores",
          async (api) => {
            const { datastores } = await api.ask("{ datastores { nodes { id name } } }");
            const id = (name: string) => datastores.nodes.find((one: Json) => one.name === name).id;
            const storageGroups = [{ sourceDatastoreIds: [id("Spare-DS")], targetDatastoreId: id("DR-Datastore") }];
            const group = await aGroup(api, "Spare-Storage-PG", [], { specification: { replication: { storageGroups } } });
            expect(group).toMatchObject({ type: "REPLICATION", replicationType: "SAN", vmCount: 2, datastoreCount: 1 });
            expect(group.datastores).toMatchObject([{ name: "Spare-DS", replicationState: "SYNCED" }]);
            await dropGroup(api, group.id);
          },
        ],
        [
          "SNAPSHOT takes interval and retention, CONTINUOUS consistency groups, both an RPO and instances",
          async (api) => {
            const { id } = await vmNamed(api, "spare-02");
            const snapshot = { snapshot: { vmIds: [id], intervalMinutes: 60, retention: 24 } };
            const first = await aGroup(api, "Spare-Snapshot-PG", [], { specification: snapshot, rpoMinutes: 120 });
            expect(first).toMatchObject({ type: "SNAPSHOT", snapshotIntervalMinutes: 60, snapshotRetention: 24, rpoMinutes: 120 });
            const second = await aGroup(api, "Spare-Continuous-PG", ["spare-03"], { rpoMinutes: 15, pointInTimeInstances: 24 });
            expect(second).toMatchObject({ type: "CONTINUOUS", consistencyGroups: true, rpoMinutes: 15, pointInTimeInstances: 24 });
            await dropGroup(api, first.id);
            await dropGroup(api, second.id);
          },
        ],
      ],
      bad: [
        [
          "two types at once can't be written; an RPO or a number of instances out of range is INVALID_REQUEST with the field",
          async (api) => {
            const { id } = await vmNamed(api, "spare-02");
            const continuous = { vmIds: [id] };
            const both = { continuous, snapshot: { vmIds: [id], intervalMinutes: 60, retention: 24 } };
            const query = "mutation ($input: CreateProtectionGroupInput!) { createProtectionGroup(input: $input) { __typename } }";
            expect(await api.failed(query, { input: await create(api, "Both-PG", both) })).toMatchObject({ code: "INVALID_REQUEST" });
            const out = await create(api, "Out-PG", { continuous }, { rpoMinutes: 10_081, pointInTimeInstances: 65 });
            expect(await refusedFields(api, out)).toEqual(["rpoMinutes", "pointInTimeInstances"]);
          },
        ],
      ],
    },
  "PG details: vms, datastores, recovery plans, states, peer state, fault": {
    good: [
      [
        "a group shows its VMs with placeholders, its datastores, its plans and how it stands",
        async (api) => {
          const group = await groupOf(api, (await named(api, "DatabaseServers-PG")).id);
          expect(group).toMatchObject({
            type: "REPLICATION",
            replicationType: "SAN",
            state: "READY",
            peerState: "READY",
            protectionState: "PROTECTED",
            fault: null,
            datastores: [{ name: "DatabaseServers-DS", replicationState: "SYNCED", capacityBytes: expect.any(Number) }],
            recoveryPlans: [{ name: "WebApp-Recovery-Plan" }],
          });
          const placeholder = { name: "db-server-01-placeholder" };
          expect(group.vms.nodes).toContainEqual(expect.objectContaining({ name: "db-server-01", placeholder, needsConfiguration: false }));
        },
      ],
    ],
    bad: [
      [
        "an id that is none is INVALID_REQUEST, one of nothing gives null",
        async (api) => {
          const one = "query ($id: ID!) { protectionGroup(id: $id) { name } }";
          expect(await api.failed(one, { id: notAnId })).toMatchObject({ code: "INVALID_REQUEST", status: 400 });
          expect(await api.ask(one, { id: nothing("ProtectionGroup") })).toEqual({ protectionGroup: null });
        },
      ],
    ],
  },
  "add VMs, remove VM": {
    good: [
      [
        "VMs are added, replicated and taken out again",
        async (api) => {
          const group = await aGroup(api, "Growing-PG", ["spare-04"]);
          const added = await vmNamed(api, "spare-05");
          await api.change("addProtectedVms", { groupId: group.id, vmIds: [added.id] }, "protectionGroup { id }");
          while ((await vmNamed(api, "spare-05")).protectionState !== "SHADOWING") await new Promise((resolve) => setTimeout(resolve, 100));
          expect(await vmNamed(api, "spare-05")).toMatchObject({
            placeholder: { name: "spare-05-placeholder" },
            protectionGroup: { id: group.id },
          });
          await api.change("removeProtectedVm", { vmId: added.id }, "protectionGroup { id }");
          while ((await vmNamed(api, "spare-05")).protectionGroup !== null) await new Promise((resolve) => setTimeout(resolve, 100));
          await dropGroup(api, group.id);
        },
      ],
    ],
    bad: [
      [
        "a VM of another group, of no site, or twice is a field error each, and none is added",
        async (api) => {
          const { id: groupId } = await named(api, "AppServers-PG");
          const taken = (await vmNamed(api, "db-server-01")).id;
          const free = (await vmNamed(api, "spare-06")).id;
          const paths = async (vmIds: readonly string[]): Promise<string[]> => {
            const error = await api.refused("addProtectedVms", { groupId, vmIds });
            expect(error).toMatchObject({ code: "INVALID_REQUEST" });
            return error.fieldErrors.map(({ path }: Json) => path.join("."));
          };
          expect(await paths([free, taken, nothing("VirtualMachine")])).toEqual(["vmIds.1", "vmIds.2"]);
          expect(await paths([free, free])).toEqual(["vmIds.1"]);
          expect(await vmNamed(api, "spare-06")).toMatchObject({ protectionGroup: null });
        },
      ],
      [
        "a VM on another datastore than a storage group's is refused with the datastore, one that others wait for with their names",
        async (api) => {
          const { id: groupId } = await named(api, "DatabaseServers-PG");
          const { id } = await vmNamed(api, "spare-06");
          const elsewhere = await api.refused("addProtectedVms", { groupId, vmIds: [id] });
          expect(elsewhere.fieldErrors).toMatchObject([{ path: ["vmIds", "0"], message: expect.stringContaining("AppServers-DS") }]);
          const needed = await api.refused("removeProtectedVm", { vmId: (await vmNamed(api, "db-server-01")).id });
          expect(needed).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("db-server-02") });
          expect(await api.refused("removeProtectedVm", { vmId: id })).toMatchObject({ code: "CONFLICT" });
        },
      ],
    ],
  },
  "tasks: list with 3 filters, details with steps, cancel; 6 task types, 5 states": {
    good: [
      [
        "tasks are listed by state, type and time, and shown with their steps",
        async (api) => {
          const group = await aGroup(api, "Task-PG", ["spare-07"]);
          const before = "2020-01-01T00:00:00.000Z";
          const query = `query ($filter: TaskFilter) { tasks(filter: $filter, first: 5) { totalCount nodes { id type state name initiatedBy startTime target { ... on ProtectionGroup { id } } } } }`;
          const filter = { state: "COMPLETED", type: "PROTECTION_GROUP_CREATE", startTimeAfter: before };
          const { tasks } = await api.ask(query, { filter });
          expect(tasks.nodes[0]).toMatchObject({ type: "PROTECTION_GROUP_CREATE", initiatedBy: api.user, target: { id: group.id } });
          const task = await taskEnded(api, tasks.nodes[0].id);
          expect(task.steps.map(({ stepNumber }: Json) => stepNumber)).toEqual(task.steps.map((_: Json, at: number) => at + 1));
          expect(task.steps.every(({ state }: Json) => state === "COMPLETED")).toBe(true);
          const later = { ...filter, startTimeAfter: tasks.nodes[0].startTime };
          expect((await api.ask(query, { filter: later })).tasks.totalCount).toBe(0);
          await dropGroup(api, group.id);
        },
      ],
      [
        "a task is cancelled: what it stood for is gone",
        async (api) => {
          const { id } = await vmNamed(api, "spare-08");
          const input = await create(api, "Cancelled-PG", { continuous: { vmIds: [id] } });
          const { task, protectionGroup } = await api.change("createProtectionGroup", input, "task { id } protectionGroup { id }");
          const cancelled = await api.send("mutation ($input: CancelTaskInput!) { cancelTask(input: $input) { __typename } }", {
            input: { taskId: task.id },
          });
          const ended = await taskEnded(api, task.id);
          // It may have been done before anybody could cancel it.
          expect([cancelled.data?.cancelTask, ended.state]).toBeOneOf([
            [{ __typename: "CancelTaskPayload" }, "CANCELLED"],
            [{ __typename: "CancelTaskPayload" }, "COMPLETED"],
            [{ __typename: "ConflictError" }, "COMPLETED"],
          ]);
          if (ended.state === "COMPLETED") await dropGroup(api, protectionGroup.id);
        },
      ],
    ],
    bad: [
      [
        "a task that is over is CONFLICT, one that is none NOT_FOUND, a filter of another state INVALID_REQUEST",
        async (api) => {
          const { tasks } = await api.ask("{ tasks(filter: { state: COMPLETED }) { nodes { id } } }");
          expect(await api.refused("cancelTask", { taskId: tasks.nodes[0].id })).toMatchObject({ code: "CONFLICT" });
          expect(await api.refused("cancelTask", { taskId: nothing("Task") })).toMatchObject({ code: "NOT_FOUND", resource: "Task" });
          expect(await api.failed("{ tasks(filter: { state: DONE }) { totalCount } }")).toMatchObject({ code: "INVALID_REQUEST" });
        },
      ],
    ],
  },
};
