/** Changing a group's name and settings, and the datastores that it replicates; its type never changes. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { checkId, checkInt, checkName, checkText, type FieldErrors, fieldErrors } from "../field-errors.ts";
import { lockPair } from "../locks.ts";
import { ifChanged, mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkSameDirection, directionOf, findGroup, lockGroup } from "./groups.ts";
import { checkSnapshots, checkStorageGroups, limits, type StorageGroupInput, type WantedStorageGroup } from "./input.ts";
import type { GroupFacts } from "./loaders-facts.ts";
import { groupRefusals } from "./operations.ts";
import { checkNameFree, type GroupSettings, readSettings, writeSettings } from "./rows.ts";
import { type AskedDirection, askSites, checkProviders } from "./sites.ts";
import { changeStorage, type StorageChange, storageChange } from "./update-storage.ts";

type Maybe<T> = T | null | undefined;

/** What is null or left out stays as it is. */
export interface UpdateGroupInput {
  readonly groupId: string;
  readonly name?: Maybe<string>;
  readonly description?: Maybe<string>;
  readonly rpoMinutes?: Maybe<number>;
  readonly pointInTimeInstances?: Maybe<number>;
  readonly snapshot?: Maybe<{ readonly intervalMinutes?: Maybe<number>; readonly retention?: Maybe<number> }>;
  readonly storageGroups?: Maybe<readonly StorageGroupInput[]>;
  readonly expectedVersion?: Maybe<number>;
  readonly idempotencyKey?: Maybe<string>;
}

export interface UpdatedGroup extends Readonly<Record<string, string>> {
  readonly groupId: string;
}

/** The input, as far as it can be checked by itself. */
interface Wanted {
  readonly groupId: string;
  readonly name: string | null;
  readonly storageGroups: readonly WantedStorageGroup[] | null;
}

interface Changeable {
  readonly settings: GroupSettings;
  /** Null: its datastores stay as they are. */
  readonly storage: StorageChange | null;
}

/** What was found out before the transaction; null: nothing that the sites have to be asked for. */
type Asked = AskedDirection | null;

export async function update(context: ServiceContext, viewer: Viewer, input: UpdateGroupInput): Promise<UpdatedGroup> {
  const wanted = wantedChange(input);
  const { groupId } = wanted;
  const request = { mutation: "updateProtectionGroup", input: { ...input } };
  const before = await unlessAnswered<UpdatedGroup, Asked>(context, viewer, request, () => prepare(context, groupId, input));
  if ("answer" in before) return before.answer;
  const asked = before.prepared;
  const runId = newId();
  let runs = false;
  const answer = await mutate(context, viewer, {
    ...request,
    answer: { groupId },
    async act(client) {
      if (asked !== null) await lockPair(client, asked.direction.pairingId);
      const group = await lockGroup(client, groupId, input.expectedVersion);
      refuse(group);
      if (asked !== null) checkSameDirection(group, asked.direction);
      const errors = fieldErrors();
      const there = await readSettings(client, groupId);
      const settings = wishedSettings(there, input, wanted);
      await checkSettings(client, errors, group, input, wanted, settings, asked);
      if (wanted.storageGroups !== null && !group.hasStorageGroups)
        errors.add(["storageGroups"], `${group.name} does not replicate datastores, so it has no storage groups.`);
      errors.check();
      const { storageGroups } = wanted;
      const storage = storageGroups && asked ? await storageChange(client, group, asked.direction, storageGroups) : null;
      return ifChanged<Changeable>({ settings: there, storage: null }, { settings, storage }, async () => {
        await writeSettings(client, groupId, settings);
        const changed = { ...group, name: settings.name };
        if (storage === null || asked === null)
          return [{ kind: "PROTECTION_GROUP_CHANGED", id: groupId, change: "UPDATED", name: changed.name }];
        await changeStorage(client, { ...context, ...asked, viewer, runId, group: changed }, storage);
        runs = true;
        return []; // the run tells of all that has changed with it
      });
    },
  });
  if (runs) context.hint(runId);
  return answer;
}

function wantedChange(input: UpdateGroupInput): Wanted {
  const errors = fieldErrors();
  const { name, storageGroups, snapshot } = input;
  const wanted = {
    groupId: checkId(errors, ["groupId"], "ProtectionGroup", input.groupId),
    name: name === null || name === undefined ? null : checkName(errors, ["name"], name),
    storageGroups: storageGroups ? checkStorageGroups(errors, ["storageGroups"], storageGroups) : null,
  };
  checkText(errors, ["description"], input.description, limits.description);
  checkInt(errors, ["rpoMinutes"], input.rpoMinutes, 1, limits.rpoMinutes);
  checkInt(errors, ["pointInTimeInstances"], input.pointInTimeInstances, 1, limits.points);
  checkInt(errors, ["snapshot", "intervalMinutes"], snapshot?.intervalMinutes, 1, limits.rpoMinutes);
  checkInt(errors, ["snapshot", "retention"], snapshot?.retention, 1, limits.points);
  errors.check();
  return wanted;
}

/** A name can be changed while a site is away. */
async function prepare({ database, providers }: ServiceContext, groupId: string, input: UpdateGroupInput): Promise<Asked> {
  const group = await findGroup(database.pool, groupId);
  refuse(group); // before a site is asked for nothing
  const { rpoMinutes, pointInTimeInstances, snapshot, storageGroups } = input;
  if ([rpoMinutes, pointInTimeInstances, snapshot, storageGroups].every((given) => given === null || given === undefined)) return null;
  const direction = await directionOf(database.pool, group);
  return { direction, sites: await askSites(providers, direction) };
}

function refuse(group: GroupFacts): void {
  const refusal = groupRefusals(group).UPDATE_PROTECTION_GROUP;
  if (refusal !== null) throw refusal;
}

/** The settings as they will be. */
function wishedSettings(there: GroupSettings, input: UpdateGroupInput, { name }: Wanted): GroupSettings {
  const { snapshot } = input;
  return {
    name: name ?? there.name,
    description: input.description ?? there.description,
    rpoMinutes: input.rpoMinutes ?? there.rpoMinutes,
    pointInTimeInstances: snapshot?.retention ?? input.pointInTimeInstances ?? there.pointInTimeInstances,
    snapshotIntervalMinutes: snapshot?.intervalMinutes ?? there.snapshotIntervalMinutes,
    snapshotRetention: snapshot?.retention ?? there.snapshotRetention,
  };
}

async function checkSettings(
  client: pg.ClientBase,
  errors: FieldErrors,
  group: GroupFacts,
  { snapshot, pointInTimeInstances: points }: UpdateGroupInput,
  { name }: Wanted,
  settings: GroupSettings,
  asked: Asked,
): Promise<void> {
  if (name !== null) await checkNameFree(client, errors, name, group.id);
  if (asked === null) return;
  const { rpoMinutes, pointInTimeInstances, snapshotIntervalMinutes: intervalMinutes, snapshotRetention: retention } = settings;
  if (group.type !== "SNAPSHOT" && snapshot) errors.add(["snapshot"], `${group.name} is a ${group.type} group, which takes no snapshots.`);
  else if (intervalMinutes !== null && retention !== null)
    checkSnapshots(errors, ["snapshot"], { intervalMinutes, retention, rpoMinutes, pointInTimeInstances: points });
  const pointsPath = snapshot?.retention ? ["snapshot", "retention"] : ["pointInTimeInstances"];
  checkProviders(errors, asked.sites, { rpoMinutes, pointInTimeInstances, pointsPath });
}
