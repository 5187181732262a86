import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { operator } from "../../support/node.ts";
import { aGroup, aPair, aPlan, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker } from "../read/support.ts";

let asker: Asker;
let pair: PairRows;
let group: GroupRows;
beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
  group = await aGroup(asker.database, pair, "Shop", 2);
  await aPlan(asker.database, pair, "Web", [{ groupIds: [group.groupId] }]);
  const [vmId = "", dependsOnVmId = ""] = group.vmIds;
  await asker.database.prisma.vmDependency.create({ data: { vmId, dependsOnVmId } });
});
afterAll(() => asker.drop());

const query = `query ($id: ID!) { node(id: $id) {
  ... on ProtectionGroup { allowedOperations { operation mutation allowed code reason remedy } vms { nodes { name allowedOperations { operation allowed reason } } } } } }`;

it("groups and their VMs say what may be done with them, and why the rest may not", async () => {
  const context = { ...asker.context(), viewer: operator };
  const { data, errors } = await asker.answer(query, { id: encodeId("ProtectionGroup", group.groupId) }, context);
  expect(errors).toBeUndefined();
  const reason = "The protection group Shop protects Shop-vm-01, Shop-vm-02 and is part of the recovery plans Web.";
  const may = { allowed: true, code: null, reason: null, remedy: null };
  expect(JSON.parse(JSON.stringify(data)).node).toEqual({
    allowedOperations: [
      { operation: "UPDATE_PROTECTION_GROUP", mutation: "updateProtectionGroup", ...may },
      {
        operation: "DELETE_PROTECTION_GROUP",
        mutation: "deleteProtectionGroup",
        allowed: false,
        code: "CONFLICT",
        reason,
        remedy: expect.stringContaining("force"),
      },
      { operation: "FORCE_DELETE_PROTECTION_GROUP", mutation: "deleteProtectionGroup", ...may },
      { operation: "ADD_PROTECTED_VMS", mutation: "addProtectedVms", ...may },
    ],
    vms: {
      nodes: [
        {
          name: "Shop-vm-01",
          allowedOperations: expect.arrayContaining([{ operation: "REMOVE_PROTECTED_VM", allowed: true, reason: null }]),
        },
        {
          name: "Shop-vm-02",
          allowedOperations: expect.arrayContaining([
            {
              operation: "REMOVE_PROTECTED_VM",
              allowed: false,
              reason: "Shop-vm-02 can't be removed while others depend on it: Shop-vm-01.",
            },
          ]),
        },
      ],
    },
  });
});

it("without the role, none of it is allowed", async () => {
  const viewer = { ...operator, roles: new Set(["VIEWER"] as const) };
  const { data } = await asker.answer(query, { id: encodeId("ProtectionGroup", group.groupId) }, { ...asker.context(), viewer });
  const { allowedOperations } = JSON.parse(JSON.stringify(data)).node;
  expect(allowedOperations).toHaveLength(4);
  for (const operation of allowedOperations) expect(operation).toMatchObject({ allowed: false, code: "FORBIDDEN" });
});
