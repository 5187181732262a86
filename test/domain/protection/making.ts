/** How tests make protection groups, and how they see one refused. */
import { expect } from "vitest";
import { everything, type Stage } from "./stage.ts";

export const payload = `protectionGroup { id name description type replicationType state peerState protectionState rpoMinutes pointInTimeInstances
    consistencyGroups snapshotIntervalMinutes snapshotRetention version vmCount datastoreCount
    vms { nodes { name protectionState placeholder { name } recoverySite { datastore { name } } } } datastores { name } }
    task { id name type state target { ... on ProtectionGroup { name } } }`;

export function aMaker(stage: Stage) {
  const from = () => ({ protectedSiteId: stage.site("north"), recoverySiteId: stage.site("south") });
  const create = (specification: object, more: object = {}) =>
    stage.send("createProtectionGroup", payload, { name: "Shop", ...from(), specification, ...more });
  const storage = (sources: string[], target: string) => ({
    sourceDatastoreIds: stage.datastore(...sources),
    targetDatastoreId: stage.datastore(target)[0],
  });
  const continuous = (...names: Parameters<Stage["vm"]>) => ({ continuous: { vmIds: stage.vm(...names) } });

  /** The message at each path, when that and nothing else is wrong; nothing was changed. */
  async function refusedFor(specification: object, more: object = {}): Promise<Record<string, string>> {
    const before = await everything(stage);
    const answer = await create(specification, more);
    expect(answer).toMatchObject({ __typename: "InvalidRequestError", code: "INVALID_REQUEST", requestId: "test" });
    expect(await everything(stage)).toBe(before);
    return Object.fromEntries(
      answer.fieldErrors.map(({ path, message }: { path: string[]; message: string }) => [path.join("."), message]),
    );
  }
  return { from, create, storage, continuous, refusedFor };
}
