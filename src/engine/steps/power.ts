import { failed, type StepKind, succeeded, vmOf } from "./kind.ts";

export const powerOn: StepKind<"POWER_ON"> = async ({ site, vm }, context) => {
  const vmId = vmOf(context, vm);
  if (vmId === null) return failed("The machine is not registered");
  const end = await context.effect(site, "powerOn", { vmId });
  return end.ok ? succeeded("Powered on") : failed(end.message);
};

export const powerOff: StepKind<"POWER_OFF"> = async ({ site, vmId }, context) => {
  const end = await context.effect(site, "powerOff", { vmId });
  return end.ok ? succeeded("Powered off") : failed(end.message);
};
