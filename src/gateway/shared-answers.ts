/** An event is executed once for all subscribers who would get the same answer, and its answer is put into JSON once. */
import type { ExecutionResult } from "graphql";
import { type EndOfMessage, endOfMessage } from "./frames.ts";

export interface Delivery extends ExecutionResult {
  /** Where others get the same: its text, made once. Yoga asks for it by this name. */
  readonly stringify?: (result: ExecutionResult) => string;
  /** The same for a WebSocket: how the message with it ends. */
  readonly end?: () => EndOfMessage;
}

/** Who wants the answer to an event. */
export interface Asker {
  /** `told` is to be called when something personal is read; null: the answer is for this subscriber alone. */
  execute(told: (() => void) | null): Promise<ExecutionResult>;
  /** One of these is called once: at once where the answer is there already. Neither throws. */
  take(delivery: Delivery): void;
  fail(error: unknown): void;
}

export interface SharedAnswers {
  /** `key`: what decides about the answer besides the event; null: nobody gets the same. */
  answer(event: unknown, key: string | null, asker: Asker): void;
}

/** Null: everyone has to execute for himself. A list: those who wait for the first one's. */
type Shared = Delivery | null | Asker[];

/**
 * An event is known by its identity, and its answers go with it. The first who asks executes. What it read of its caller, and errors, which
 * name its request, are its own: then each executes for itself.
 */
export function createSharedAnswers(): SharedAnswers {
  const answers = new WeakMap<object, Map<string, Shared>>();

  const alone = (asker: Asker): void =>
    void asker.execute(null).then(
      (result) => asker.take(result),
      (error: unknown) => asker.fail(error),
    );

  const first = async (asker: Asker, share: (answer: Delivery | null) => void): Promise<void> => {
    let isPersonal = false;
    let result: ExecutionResult;
    try {
      result = await asker.execute(() => {
        isPersonal = true;
      });
    } catch (error) {
      asker.fail(error);
      share(null);
      return;
    }
    const shared = isPersonal || result.errors ? null : writtenOnce(result);
    asker.take(shared ?? result);
    share(shared);
  };

  return {
    answer(event, key, asker) {
      if (key === null || typeof event !== "object" || event === null) return alone(asker);
      const ofEvent = answers.get(event) ?? new Map<string, Shared>();
      answers.set(event, ofEvent);
      const known = ofEvent.get(key);
      if (Array.isArray(known)) known.push(asker);
      else if (known) asker.take(known);
      else if (known === null) alone(asker);
      else {
        const waiting: Asker[] = [];
        ofEvent.set(key, waiting);
        void first(asker, (shared) => {
          ofEvent.set(key, shared);
          for (const one of waiting) shared === null ? alone(one) : one.take(shared);
        });
      }
    },
  };
}

function writtenOnce(result: ExecutionResult): Delivery {
  let text: string | null = null;
  let end: EndOfMessage | null = null;
  const stringify = () => {
    text ??= JSON.stringify(result);
    return text;
  };
  return {
    ...result,
    stringify,
    end: () => {
      end ??= endOfMessage(`${stringify()}}`);
      return end;
    },
  };
}
