import { failed, type StepKind, succeeded, vmOf } from "./kind.ts";

export const customiseIp: StepKind<"CUSTOMISE_IP"> = async ({ site, vm, hostName, nics }, context) => {
  const vmId = vmOf(context, vm);
  if (vmId === null) return failed("The machine is not registered");
  const end = await context.effect(site, "customiseIp", { vmId, hostName, nics });
  const addresses = nics.map(({ ip }) => ip ?? "DHCP").join(", ");
  return end.ok ? succeeded(`Addresses: ${addresses}`) : failed(end.message);
};
