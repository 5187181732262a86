/** What each effect does, needs and refuses. */
import { describe, expect, it } from "vitest";
import { type ContractSetup, never, Owner } from "./setup.ts";

export function effectRules(setup: () => ContractSetup): void {
  describe("effects", () => {
    it("carry a VM through a test, and leave nothing behind", async () => {
      const { groupId, vms, recoverySite } = setup();
      const owner = new Owner(setup());
      const { pointId } = await owner.done("synchronise", { groupId });
      const { snapshotId } = await owner.done("createSnapshot", { groupId, pointId, name: "a test" });
      const { networkId } = await owner.done("createIsolatedNetwork", { name: "isolated" });
      const { vmId } = await owner.done("registerVm", owner.registration(vms[0], snapshotId, networkId));
      expect(await owner.kinds()).toEqual(["NETWORK", "PLACEHOLDER_IN_USE", "SNAPSHOT", "VM"]);

      const address = { nicIndex: 0, ip: "10.77.0.5", prefixLength: 24, gateway: "10.77.0.1", dnsServers: [], dnsSuffix: null };
      const second = { ...address, ip: "fd00:77::5", prefixLength: 64, gateway: null };
      await owner.done("customiseIp", { vmId, hostName: "web", nics: [address, second] });
      expect(await owner.statusOnce(vmId, () => true)).toEqual({ vmId, powerState: "POWERED_OFF", heartbeatAt: null, ipAddresses: [] });
      await owner.done("powerOn", { vmId });
      const booted = await owner.statusOnce(vmId, ({ heartbeatAt }) => heartbeatAt !== null);
      expect(booted).toMatchObject({ powerState: "POWERED_ON", ipAddresses: ["10.77.0.5", "fd00:77::5"] });
      await owner.done("powerOff", { vmId });
      expect(await owner.statusOnce(vmId, () => true)).toMatchObject({ powerState: "POWERED_OFF", heartbeatAt: null });

      await owner.done("removeVm", { vmId });
      expect(await setup().provider.vmStatus(recoverySite, [vmId], never())).toEqual(new Map());
      await owner.done("restorePlaceholder", { placeholderId: vms[0].placeholderId });
      await owner.done("discardSnapshot", { snapshotId });
      await owner.done("removeNetwork", { networkId });
      expect(await owner.artefacts()).toEqual([]);
    });

    it("make a recovery point that is listed first and complete once the operation is", async () => {
      const { groupId, recoverySite } = setup();
      const made = await new Owner(setup()).done("synchronise", { groupId });
      const [newest, ...older] = await setup().provider.recoveryPoints(recoverySite, groupId, never());
      expect(newest).toEqual({ ...made, complete: true });
      expect(older.length).toBeGreaterThan(0);
      expect(older.every(({ takenAt }) => takenAt <= made.takenAt)).toBe(true);
    });

    it("never overwrite a VM, nor take a placeholder twice", async () => {
      const { vms } = setup();
      const owner = new Owner(setup());
      const snapshotId = await owner.snapshot();
      await owner.done("registerVm", owner.registration(vms[0], snapshotId));
      const samePlaceholder = { ...owner.registration(vms[0], snapshotId), name: "another" };
      await expect(owner.order("registerVm", samePlaceholder)).rejects.toMatchObject({ code: "REFUSED", failure: "PERMANENT" });
      const sameName = { ...owner.registration(vms[1], snapshotId), name: vms[0].name };
      await expect(owner.order("registerVm", sameName)).rejects.toMatchObject({ code: "REFUSED", failure: "PERMANENT" });
      expect(await owner.kinds()).toEqual(["PLACEHOLDER_IN_USE", "SNAPSHOT", "VM"]);
      await owner.cleanUp();
    });

    it("refuse to take away what is in use", async () => {
      const { vms } = setup();
      const owner = new Owner(setup());
      const snapshotId = await owner.snapshot();
      const { networkId } = await owner.done("createIsolatedNetwork", { name: "isolated" });
      const { vmId } = await owner.done("registerVm", owner.registration(vms[0], snapshotId, networkId));
      await owner.done("powerOn", { vmId });
      const { placeholderId } = vms[0];
      await expect(owner.order("removeVm", { vmId })).rejects.toMatchObject({ code: "REFUSED" });
      await expect(owner.order("discardSnapshot", { snapshotId })).rejects.toMatchObject({ code: "REFUSED" });
      await expect(owner.order("removeNetwork", { networkId })).rejects.toMatchObject({ code: "REFUSED" });
      await expect(owner.order("restorePlaceholder", { placeholderId })).rejects.toMatchObject({ code: "REFUSED" });
      expect(await owner.kinds()).toEqual(["NETWORK", "PLACEHOLDER_IN_USE", "SNAPSHOT", "VM"]);
      await owner.cleanUp();
      expect(await owner.artefacts()).toEqual([]);
    });

    it("refuse to remove what no run made", async () => {
      const { networkId } = setup();
      await expect(new Owner(setup()).order("removeNetwork", { networkId })).rejects.toMatchObject({ code: "REFUSED" });
    });

    it("succeed on what is already so", async () => {
      const { vms } = setup();
      const owner = new Owner(setup());
      const { vmId } = await owner.done("registerVm", owner.registration(vms[0], await owner.snapshot()));
      for (const kind of ["powerOff", "powerOn", "powerOn", "powerOff", "powerOff", "removeVm", "removeVm"] as const) {
        expect(await owner.done(kind, { vmId })).toEqual({});
      }
      await owner.cleanUp();
    });

    it("run programs in a guest that has booted, where the provider can", async () => {
      const { provider, recoverySite, vms } = setup();
      const owner = new Owner(setup());
      const { vmId } = await owner.done("registerVm", owner.registration(vms[0], await owner.snapshot()));
      const program = { vmId, command: "exit", arguments: ["3"], timeoutSeconds: 10, username: null };
      if ((await provider.capabilities(recoverySite, never())).guestCommands) {
        await expect(owner.order("runInGuest", program)).rejects.toMatchObject({ failure: "TRANSIENT" });
        await owner.done("powerOn", { vmId });
        await owner.statusOnce(vmId, ({ heartbeatAt }) => heartbeatAt !== null);
        expect(await owner.done("runInGuest", program)).toMatchObject({ exitCode: 3 });
      } else {
        await expect(owner.order("runInGuest", program)).rejects.toMatchObject({ code: "UNSUPPORTED" });
      }
      await owner.cleanUp();
    });

    it("belong to the run that made them", async () => {
      const [one, other] = [new Owner(setup()), new Owner(setup())];
      const { networkId } = await one.done("createIsolatedNetwork", { name: "isolated" });
      expect(await one.artefacts()).toEqual([{ kind: "NETWORK", id: networkId, name: "isolated" }]);
      expect(await other.artefacts()).toEqual([]);
      await one.cleanUp();
    });

    it("name what is not there", async () => {
      const { groupId } = setup();
      const owner = new Owner(setup());
      const notFound = { failure: "PERMANENT", code: "NOT_FOUND" };
      await expect(owner.order("powerOn", { vmId: "nothing" })).rejects.toMatchObject(notFound);
      await expect(owner.order("createSnapshot", { groupId, pointId: "nothing", name: "a test" })).rejects.toMatchObject(notFound);
      await expect(owner.order("synchronise", { groupId: "nothing" })).rejects.toMatchObject(notFound);
      await expect(setup().provider.artefacts("nowhere", owner.runId, never())).rejects.toMatchObject(notFound);
    });
  });
}
