/** What only shows when all VMs of a plan are seen together: that they wait for each other, or get one address twice. Pure. */
import { findCycle, type OrderedVm } from "../../engine/cycles.ts";
import { canonicalAddress } from "../addresses.ts";

export interface PlanVm extends OrderedVm {
  /** Addresses that it gets when it is recovered, with the place of their rule among its rules. */
  readonly addresses: readonly { readonly rule: number; readonly targetIp: string }[];
}

export type PlanProblem = { readonly message: string } & (
  | { readonly kind: "CYCLE"; readonly vmIds: readonly string[] }
  /** The rule of the VM that comes second. */
  | { readonly kind: "ADDRESS"; readonly vmId: string; readonly rule: number; readonly firstVmId: string }
);

export function problemsOf(planName: string, vms: readonly PlanVm[]): PlanProblem[] {
  const cycle = findCycle(vms);
  const problems = addressesTwice(planName, vms);
  if (cycle === null) return problems;
  const message = `In the plan ${planName} VMs would wait for each other for ever: ${cycle.sentence}.`;
  return [{ kind: "CYCLE", message, vmIds: cycle.vms.map(({ id }) => id) }, ...problems];
}

function addressesTwice(planName: string, vms: readonly PlanVm[]): PlanProblem[] {
  const owners = new Map<string, PlanVm>();
  return vms.flatMap((vm) =>
    vm.addresses.flatMap(({ rule, targetIp }): PlanProblem[] => {
      const address = canonicalAddress(targetIp);
      const first = owners.get(address);
      owners.set(address, vm);
      if (first === undefined) return [];
      const message = `In the plan ${planName} the address ${targetIp} is ${first.name}'s already.`;
      return [{ kind: "ADDRESS", message, vmId: vm.id, rule, firstVmId: first.id }];
    }),
  );
}
