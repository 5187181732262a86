/** A stage for recovery settings of VMs, and the words that their tests use. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { labSites } from "../../support/lab.ts";
import { type Answer, aPlanStage, gid, type PlanStage } from "../plans/stage.ts";
import { operator } from "../recoveries/stage.ts";

export let stage: PlanStage;
export let vmId: string;
/** vm-1 and vm-4 come up first, vm-2 and vm-5 in the second priority group; vm-3 and vm-6 are protected, but in no plan. */
export function playOnStage(): void {
  beforeAll(async () => {
    stage = await aPlanStage({ priorityGroups: [{ groups: [0] }, { groups: [1] }] }, labSites({ vms: 6, groups: 3 }));
    vmId = vm("vm-1");
  });
  afterEach(() => stage.reset());
  afterAll(() => stage.close());
}

export const vm = (name: string) => gid("VirtualMachine", stage.vmIds.get(name));
export const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
export const fields = `priority prioritySource startupDelaySeconds startupDelaySource shutdownDelaySeconds shutdownDelaySource skipGuestShutdown
  powerOnAfterRecovery readyCheck readyTimeoutSeconds readyPort readyTarget ipCustomizationEnabled
  ipCustomizationRules { nicIndex sourceIp targetIp prefixLength targetSubnetMask targetGateway targetDnsServers targetDnsSuffix }
  commands { phase command arguments timeoutSeconds rerunnable runInGuest guestUsername passwordSecretId } dependsOnVms { name } version`;
export const plain = {
  priority: "NORMAL",
  prioritySource: "DEFAULT",
  startupDelaySeconds: 0,
  startupDelaySource: "DEFAULT",
  shutdownDelaySeconds: 300,
  shutdownDelaySource: "DEFAULT",
  skipGuestShutdown: false,
  powerOnAfterRecovery: true,
  readyCheck: "HEARTBEAT",
  readyTimeoutSeconds: 300,
  readyPort: null,
  readyTarget: null,
  ipCustomizationEnabled: false,
  ipCustomizationRules: [],
  commands: [],
  dependsOnVms: [],
  version: 0,
};
export const configure = async (input: object, viewer = operator): Promise<Answer> => {
  const answer = await stage.send("configureVmRecoverySettings", `vm { recoverySettings { ${fields} } }`, { vmId, ...input }, viewer);
  return answer.vm?.recoverySettings ?? answer;
};
export const rules = (...list: object[]) => ({ ipCustomization: { enabled: true, rules: list } });
export const wrong = (input: object, ...errors: [string, string | RegExp][]) =>
  stage.wrong("configureVmRecoverySettings", { vmId, ...input }, errors);
