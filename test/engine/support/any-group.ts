/** fast-check: snapshots of runs of protection groups, with up to 60 VMs. */
import fc from "fast-check";
import type { FormerMember, GroupSnapshot, NewMember } from "../../../src/engine/group-snapshot.ts";
import { base, site } from "./plans.ts";

const { plan: _, ...common } = base;
const groupBase = { ...common, group: { id: "group", name: "Shop", externalId: "group-x" }, protectedSite: site("protected") };

const newMember = (name: string): NewMember => ({
  id: `vm-${name}`,
  name,
  externalId: `${name}-x`,
  placeholderName: `${name}-placeholder`,
  folderId: null,
  resourcePoolId: null,
});
const formerMember = (name: string, hasPlaceholder: boolean): FormerMember => ({
  id: `vm-${name}`,
  name,
  externalId: `${name}-x`,
  placeholderId: hasPlaceholder ? `${name}-placeholder` : null,
});

const newMembers = (prefix: string) =>
  fc.nat(60).map((count) => Array.from({ length: count }, (_, index) => newMember(`${prefix}${index}`)));
const formerMembers = (prefix: string) =>
  fc
    .array(fc.boolean(), { maxLength: 60, size: "max" })
    .map((have) => have.map((placeholder, index) => formerMember(`${prefix}${index}`, placeholder)));

const lostGroups = fc
  .nat(2)
  .map((count) => Array.from({ length: count }, (_, index) => ({ id: `lost-${index}`, name: "Lost", externalId: `lost-${index}-x` })));

export const anyGroupRun = (): fc.Arbitrary<GroupSnapshot> =>
  fc.oneof(
    fc.record({ vms: newMembers("m"), stores: fc.nat(3), abandoned: lostGroups }).map(({ vms, stores, abandoned }) => {
      const sources = Array.from({ length: stores }, (_, index) => `ds-${index}`);
      const storageGroups = stores === 0 ? [] : [{ sources, target: "dr" }];
      return { ...groupBase, kind: "GROUP_CREATE" as const, storageGroups, vms, abandoned };
    }),
    fc
      .record({ added: newMembers("new"), removed: formerMembers("old"), abandoned: lostGroups, elsewhere: fc.boolean() })
      .map(({ elsewhere, ...members }) => ({
        ...groupBase,
        kind: "GROUP_UPDATE" as const,
        ...members,
        ...(elsewhere ? { storageGroups: [{ sources: ["ds-0"], target: "dr" }] } : {}),
      })),
    fc.record({ vms: formerMembers("m"), force: fc.boolean(), inDoubt: fc.option(newMembers("doubt")) }).map(({ inDoubt, ...rest }) => ({
      ...groupBase,
      kind: "GROUP_DELETE" as const,
      ...rest,
      rollsBack: inDoubt === null ? null : { runId: "creation", inDoubt },
    })),
  );
