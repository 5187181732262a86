/** What may be set from outside: `DRILLS_SEED=7 npm run test:drills` plays a year again. */
import { z } from "zod";

const read = z
  .object({
    /** The same seed gives the same year; by default a new one each time. */
    DRILLS_SEED: z.coerce
      .number()
      .int()
      .default(() => Date.now() % 2 ** 31),
    /** So many days of the year. */
    DRILLS_DAYS: z.coerce.number().positive().default(366),
  })
  .parse(process.env);

export const settings = { seed: read.DRILLS_SEED, days: read.DRILLS_DAYS } as const;
