import { failed, type StepKind, succeeded, textOf } from "./kind.ts";

export const registerVm: StepKind<"REGISTER_VM"> = async (spec, context) => {
  const snapshotId = textOf(context.resultOf(spec.snapshot), "snapshotId");
  if (snapshotId === null) return failed("Its group has no snapshot");
  const nics = spec.nics.map(({ nicIndex, network }) => ({
    nicIndex,
    networkId: "id" in network ? network.id : textOf(context.resultOf(network.madeBy), "networkId"),
  }));
  const connected = nics.flatMap(({ nicIndex, networkId }) => (networkId === null ? [] : [{ nicIndex, networkId }]));
  if (connected.length < nics.length) return failed("Its test network was not made");
  const { name, placeholderId, permanent, sourceVmId, folderId, resourcePoolId } = spec;
  const end = await context.effect(spec.site, "registerVm", {
    name,
    placeholderId,
    snapshotId,
    permanent,
    sourceVmId,
    folderId,
    resourcePoolId,
    nics: connected,
  });
  return end.ok ? succeeded(`Registered as ${name}`, { vmId: end.result.vmId }) : failed(end.message);
};
