/** Changing what is done between two sites. */
import { NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { ifChanged, mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";

/** What is left out, or null, stays as it is. */
export interface UpdatePairingInput {
  readonly pairingId: string;
  readonly powersOffOriginals?: boolean | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export function updatePairing(context: ServiceContext, viewer: Viewer, input: UpdatePairingInput): Promise<{ pairingId: string }> {
  const { pairingId } = input;
  return mutate(context, viewer, {
    mutation: "updatePairing",
    input: { ...input },
    answer: { pairingId },
    async act(client) {
      const { rows } = await client.query<{ powersOffOriginals: boolean }>({
        name: "pairing-lock",
        text: `SELECT powers_off_originals AS "powersOffOriginals" FROM site_pairing WHERE id = $1 FOR NO KEY UPDATE`,
        values: [pairingId],
      });
      const [there] = rows;
      if (there === undefined) throw new NotFoundError("SitePairing", encodeId("SitePairing", pairingId));
      const wished = { powersOffOriginals: input.powersOffOriginals ?? there.powersOffOriginals };
      return ifChanged({ ...there }, wished, async () => {
        const values = [pairingId, wished.powersOffOriginals];
        await client.query({ name: "pairing-update", text: "UPDATE site_pairing SET powers_off_originals = $2 WHERE id = $1", values });
        return [{ kind: "PAIRING_CHANGED", id: pairingId, change: "UPDATED" }];
      });
    },
  });
}
