import { describe, expect, it } from "vitest";
import { type MakingStep, remainsOf } from "../../../src/domain/recoveries/cleanup-remains.ts";

const step = (kind: MakingStep["kind"], more: Partial<MakingStep>): MakingStep => ({
  kind,
  vmId: null,
  groupId: null,
  groupName: null,
  spec: {},
  result: null,
  ...more,
});

const vm = step("REGISTER_VM", { vmId: "id-web", spec: { name: "web", placeholderId: "web-place" }, result: { vmId: "copy-web" } });
const snapshot = step("CREATE_SNAPSHOT", { groupId: "g", groupName: "group", spec: { name: "snap" }, result: { snapshotId: "s1" } });
const network = step("CREATE_TEST_NETWORK", { spec: { name: "bubble" }, result: { networkId: "n1" } });
const web = { vmId: "id-web", name: "web", placeholderId: "web-place", recoveryVmId: "copy-web" };

describe("what a test has left", () => {
  it("is what its steps recorded, while the site does not answer", () => {
    expect(remainsOf([vm, snapshot, network], null)).toEqual({
      vms: [web],
      placeholders: [],
      snapshots: [{ groupId: "g", groupName: "group", snapshotId: "s1" }],
      networks: [{ name: "bubble", networkId: "n1" }],
    });
  });

  it("is nothing that the site no longer has", () => {
    expect(remainsOf([vm, snapshot, network], [])).toEqual({ vms: [], placeholders: [], snapshots: [], networks: [] });
  });

  it("is also what was made without its result being known, by name", () => {
    const unknown = [vm, snapshot].map((known) => ({ ...known, result: null }));
    const artefacts = [
      { kind: "VM", id: "copy-web", name: "web" },
      { kind: "SNAPSHOT", id: "s1", name: "snap" },
      { kind: "NETWORK", id: "n7", name: "bubble" },
    ] as const;
    expect(remainsOf(unknown, artefacts)).toEqual({
      vms: [web],
      placeholders: [],
      snapshots: [{ groupId: "g", groupName: "group", snapshotId: "s1" }],
      networks: [{ name: "bubble", networkId: "n7" }],
    });
  });

  it("counts a thing once that both know", () => {
    const artefacts = [{ kind: "VM", id: "copy-web", name: "web" }] as const;
    expect(remainsOf([vm], artefacts).vms).toEqual([web]);
  });

  it("keeps a VM that is gone while its placeholder is still taken", () => {
    expect(remainsOf([vm], [{ kind: "PLACEHOLDER_IN_USE", id: "web-place", name: "web-placeholder" }]).vms).toEqual([web]);
  });

  it("is also a placeholder that is taken with no VM known in its place, and one of a known VM only once", () => {
    const taken = { kind: "PLACEHOLDER_IN_USE", id: "web-place", name: "web-placeholder" } as const;
    const unknown = remainsOf([{ ...vm, result: null }], [taken]);
    expect(unknown).toMatchObject({ vms: [], placeholders: [{ placeholderId: "web-place", name: "web-placeholder" }] });
    expect(remainsOf([vm], [taken])).toMatchObject({ vms: [web], placeholders: [] });
  });
});
