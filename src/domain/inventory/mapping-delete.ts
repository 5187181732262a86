/** Deleting a mapping. Runs that have begun keep what they were started with. */
import { NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { lockPair } from "../locks.ts";
import { checkVersion, mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type MappingKind, type MappingRow, readMapping } from "./mapping-kinds.ts";

export interface DeleteMappingInput {
  readonly mappingId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface DeletedMapping extends Readonly<Record<string, string>> {
  readonly mappingId: string;
  readonly pairingId: string;
}

export async function deleteMapping(
  context: ServiceContext,
  viewer: Viewer,
  kind: MappingKind,
  { mutation, input }: { readonly mutation: string; readonly input: DeleteMappingInput },
): Promise<DeletedMapping> {
  const request = { mutation, input: { ...input } };
  const { mappingId } = input;
  const found = (row: MappingRow | null) => {
    if (row === null) throw new NotFoundError(kind.node, encodeId(kind.node, mappingId));
    return row;
  };
  const read = async () => found(await readMapping(context.database.pool, kind, mappingId));
  const before = await unlessAnswered<DeletedMapping, MappingRow>(context, viewer, request, read);
  if ("answer" in before) return before.answer;
  const { pairingId } = before.prepared;
  return mutate(context, viewer, {
    ...request,
    answer: { mappingId, pairingId },
    async act(client) {
      await lockPair(client, pairingId);
      const { version } = found(await readMapping(client, kind, mappingId));
      checkVersion("the mapping", version, input.expectedVersion);
      await client.query({ name: `mapping-delete-${kind.table}`, text: `DELETE FROM ${kind.table} WHERE id = $1`, values: [mappingId] });
      return [{ kind: "PAIRING_CHANGED", id: pairingId, change: "UPDATED" }];
    },
  });
}
