/** What may be set from outside, in one place: `MODEL_SEED=1 MODEL_PATH=3:0 npm run test:model` plays a failure again. */
import { z } from "zod";

const whole = z.coerce.number().int();

const environment = z.object({
  /** How many sequences, all in all. */
  MODEL_RUNS: whole.positive().default(100),
  /** The same seed gives the same sequences; by default a new one each time. */
  MODEL_SEED: whole.default(() => Date.now() % 2 ** 31),
  /** Only the sequence at this path of the seed, as a failure has printed it. */
  MODEL_PATH: z.string().optional(),
  /** Of that sequence, only those commands that were still in it. */
  MODEL_REPLAY: z.string().optional(),
  /** For how long a sequence that failed is made shorter; not at all by default. */
  MODEL_SHRINK_SECONDS: whole.nonnegative().default(0),
  /** Most commands of a sequence; those that the model does not allow are left out when it is played. */
  MODEL_COMMANDS: whole.positive().default(80),
});

const read = environment.parse(process.env);

export const settings = {
  runs: read.MODEL_RUNS,
  seed: read.MODEL_SEED,
  path: read.MODEL_PATH ?? null,
  replay: read.MODEL_REPLAY ?? null,
  shrinkSeconds: read.MODEL_SHRINK_SECONDS,
  commands: read.MODEL_COMMANDS,
} as const;
