/** Setting a mapping: made where its source has none, else changed. Its pair and direction are those of its two ends. */
import type pg from "pg";
import { v5 as nameId } from "uuid";
import { ConflictError } from "../errors.ts";
import { type FieldErrors, fieldErrors } from "../field-errors.ts";
import { lockPair } from "../locks.ts";
import { checkVersion, mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import {
  type MappedPlace,
  type MappingKind,
  type MappingRow,
  readMappings,
  readPairing,
  readPlaces,
  writeMapping,
} from "./mapping-kinds.ts";

type Client = Pick<pg.ClientBase, "query">;

export interface SetMappingInput {
  readonly sourceId: string;
  readonly targetId: string;
  /** Undefined: as it is; null: each test makes an isolated network of its own. */
  readonly testNetworkId?: string | null | undefined;
  readonly reverse?: boolean | null | undefined;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** Ids of what was set; the other direction's is empty when it was not asked for. */
export interface SetMapping extends Readonly<Record<string, string>> {
  readonly mappingId: string;
  readonly reverseMappingId: string;
}

/** What a mapping will be, with what there is of it. */
interface Resolved {
  readonly pairingId: string;
  readonly sourceTitle: string;
  readonly forward: Wanted;
  readonly reverse: Wanted | null;
}

interface Wanted {
  readonly existing: MappingRow | null;
  readonly row: Omit<MappingRow, "version">;
}

/** So that two who make the same mapping at once make one, whose id both know before. */
const namespace = "5b0f6c1e-6a37-4f0e-9a51-0f4a2f1d7c11";

export async function setMapping(
  context: ServiceContext,
  viewer: Viewer,
  kind: MappingKind,
  { mutation, input }: { readonly mutation: string; readonly input: SetMappingInput },
): Promise<SetMapping> {
  const request = { mutation, input: { ...input } };
  const asked = await unlessAnswered<SetMapping, Resolved>(context, viewer, request, () => resolve(context.database.pool, kind, input));
  if ("answer" in asked) return asked.answer;
  const before = asked.prepared;
  const answer = { mappingId: before.forward.row.id, reverseMappingId: before.reverse?.row.id ?? "" };
  return mutate(context, viewer, {
    ...request,
    answer,
    async act(client) {
      await lockPair(client, before.pairingId);
      const now = await resolve(client, kind, input);
      const isSame = now.forward.row.id === answer.mappingId && (now.reverse?.row.id ?? "") === answer.reverseMappingId;
      if (!isSame) throw new ConflictError("The mapping was made anew at the same moment.", "Read it again, and repeat the request.");
      checkVersion(`the mapping of ${now.sourceTitle}`, now.forward.existing?.version ?? 0, input.expectedVersion);
      const wanted = [now.forward, ...(now.reverse === null ? [] : [now.reverse])].filter(isNew);
      for (const { row } of wanted) await writeMapping(client, kind, row);
      return wanted.length === 0 ? [] : [{ kind: "PAIRING_CHANGED", id: now.pairingId, change: "UPDATED" }];
    },
  });
}

const isNew = ({ existing, row }: Wanted): boolean =>
  existing === null || existing.targetId !== row.targetId || existing.testNetworkId !== row.testNetworkId;

/** Throws InvalidRequestError, which names every field that is wrong. */
async function resolve(client: Client, kind: MappingKind, input: SetMappingInput): Promise<Resolved> {
  const { sourceId, targetId, testNetworkId } = input;
  const errors = fieldErrors();
  const places = await readPlaces(client, kind, [sourceId, targetId, ...(testNetworkId ? [testNetworkId] : [])]);
  const [source, target] = [places.get(sourceId), places.get(targetId)];
  checkEnds(errors, kind, input, source, target);
  if (testNetworkId) checkTest(errors, input, places.get(testNetworkId), target);
  errors.check();
  if (source === undefined || target === undefined) throw new Error("The ends of a mapping were checked, and are not there");
  const pairingId = await readPairing(client, source.siteId, target.siteId);
  if (pairingId === null) errors.add([kind.targetField], `${source.siteName} and ${target.siteName} are not paired (pairSites).`);
  errors.check();
  if (pairingId === null) throw new Error("The pairing of a mapping was checked, and is not there");

  const existing = await readMappings(client, kind, pairingId, [sourceId, targetId]);
  const wanted = (from: string, to: string, test: string | null): Wanted => {
    const id = existing.get(from)?.id ?? nameId(`${pairingId}/${from}`, namespace);
    return { existing: existing.get(from) ?? null, row: { id, pairingId, sourceId: from, targetId: to, testNetworkId: test } };
  };
  const testBefore = (from: string) => existing.get(from)?.testNetworkId ?? null;
  const test = testNetworkId === undefined ? testBefore(sourceId) : testNetworkId;
  if (test === targetId) errors.add([kind.targetField], "It is the mapping's test network: a test in it would not be isolated.");
  errors.check();
  const testBack = testBefore(targetId) === sourceId ? null : testBefore(targetId);
  const reverse = input.reverse === true ? wanted(targetId, sourceId, testBack) : null;
  return { pairingId, sourceTitle: source.title, forward: wanted(sourceId, targetId, test), reverse };
}

function checkEnds(
  errors: FieldErrors,
  { place, sourceField, targetField }: MappingKind,
  { reverse }: SetMappingInput,
  source: MappedPlace | undefined,
  target: MappedPlace | undefined,
): void {
  const missing = ({ title, siteName }: MappedPlace) => `The ${place.word} ${title} is no longer listed at ${siteName}.`;
  if (source === undefined) errors.add([sourceField], `There is no ${place.word} with this id.`);
  else if (source.isMissing && reverse === true) errors.add([sourceField], missing(source));
  if (target === undefined) errors.add([targetField], `There is no ${place.word} with this id.`);
  else if (target.isMissing) errors.add([targetField], missing(target));
  else if (source?.siteId === target.siteId)
    errors.add([targetField], `It is at ${target.siteName}, as the source is; a mapping leads to the other site of a pair.`);
}

function checkTest(
  errors: FieldErrors,
  { targetId }: SetMappingInput,
  test: MappedPlace | undefined,
  target: MappedPlace | undefined,
): void {
  const add = (message: string) => errors.add(["testNetworkId"], message);
  if (test === undefined) add("There is no network with this id.");
  else if (target !== undefined && test.siteId !== target.siteId) add(`It is at ${test.siteName}; a test is run at ${target.siteName}.`);
  else if (test.isMissing) add(`The network ${test.title} is no longer listed at ${test.siteName}.`);
  else if (test.id === targetId) add("It is the network of a real recovery: a test in it would not be isolated.");
}
