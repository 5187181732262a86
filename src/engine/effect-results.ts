/** Whether what a site tells of an effect that has succeeded is what such an effect yields: observing does not know which one it was. */
import type { EffectKind, EffectResult } from "../providers/contract.ts";

type Told = Readonly<Record<string, unknown>>;

const text =
  (...names: readonly string[]) =>
  (told: Told) =>
    names.every((name) => typeof told[name] === "string");
const anything = () => true;

const checks: Readonly<Record<EffectKind, (told: Told) => boolean>> = {
  synchronise: (told) => text("pointId", "takenAt")(told) && typeof told.sizeBytes === "number",
  createSnapshot: text("snapshotId"),
  discardSnapshot: anything,
  createIsolatedNetwork: text("networkId"),
  removeNetwork: anything,
  registerVm: text("vmId"),
  customiseIp: anything,
  powerOn: anything,
  shutDownVm: ({ forced }) => typeof forced === "boolean",
  fenceVms: ({ poweredOff }) => Array.isArray(poweredOff) && poweredOff.every((vmId) => typeof vmId === "string"),
  setStorageReadOnly: anything,
  promote: text("snapshotId"),
  powerOff: anything,
  removeVm: anything,
  restorePlaceholder: anything,
  protectGroup: anything,
  changeStorage: anything,
  addToGroup: anything,
  removeFromGroup: anything,
  discardPoint: anything,
  reverseGroup: anything,
  demoteVm: text("placeholderId"),
  unprotectGroup: anything,
  createPlaceholder: text("placeholderId"),
  removePlaceholder: anything,
  runInGuest: (told) => typeof told.exitCode === "number" && text("output")(told),
};

export const isResultOf = <K extends EffectKind>(kind: K, result: EffectResult): result is EffectResult<K> => checks[kind]({ ...result });
