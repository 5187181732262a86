/** What whoever opens a pack reads first: it has to do without the gateway. Pure. */
import type { ChainHead } from "../../../events/heads.ts";

export interface ReadmeFacts extends Pick<ChainHead, "eventCount" | "headHash"> {
  readonly planName: string;
  /** Global id. */
  readonly recoveryId: string;
  readonly kind: string;
  readonly resultState: string;
  readonly requestedAt: Date;
  readonly endedAt: Date;
}

export const readme = ({ planName, recoveryId, kind, resultState, requestedAt, endedAt, eventCount, headHash }: ReadmeFacts): string =>
  `Evidence of a recovery

Plan       ${planName}
Kind       ${kind}
Result     ${resultState}
Requested  ${requestedAt.toISOString()}
Ended      ${endedAt.toISOString()}
Id         ${recoveryId}
Events     ${eventCount}
Head hash  ${headHash ?? "none: its last event was written by a release without chains"}

events.jsonl   every event of the run, one in each line, exactly as it was hashed
steps.csv      its steps, for a spreadsheet
recovery.pdf   the run for reading: summary, course, steps
gantt.svg      when each step was under way
SHA256SUMS     checksums of these files

To verify, in a shell in this folder:

1. That the files are those that were packed:

   sha256sum -c SHA256SUMS

2. That no event was changed, left out or put in:

   head=0000000000000000000000000000000000000000000000000000000000000000
   while IFS= read -r line; do
     digest=$(printf %s "$line" | sha256sum | cut -c 1-64)
     head=$(printf %s "$head$digest" | sha256sum | cut -c 1-64)
   done < events.jsonl
   echo "$head"

   It has to be the head hash that you have kept elsewhere: from the gateway's log when the run ended, a report or a ticket. The one above
   comes from the same database as the events: it shows that they are whole, and not that nobody has written all of them anew.

3. That the gateway has the same: npm run verify -- --recovery ${recoveryId} --head HASH
`;
