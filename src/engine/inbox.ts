/** What steps tell their run while they work; the run hears it one by one, between two writes. */
import type { StepEnd, StepResult } from "./model.ts";

export interface StepRecord {
  readonly message?: string;
  readonly result?: StepResult;
  /** The failure of this attempt is known: the next one gets a key of its own. */
  readonly nextAttempt?: boolean;
  readonly retryInMs?: number | null;
}

export type Message =
  | { readonly kind: "ENDED"; readonly ordinal: number; readonly end: StepEnd }
  | { readonly kind: "RECORD"; readonly ordinal: number; readonly change: StepRecord; readonly written: () => void }
  | { readonly kind: "OUTPUT"; readonly ordinal: number; readonly text: string; readonly totalBytes: number }
  | { readonly kind: "BROKEN"; readonly error: unknown };

export interface Inbox {
  put(message: Message): void;
  /** What has come since the last time, the oldest first; at most so many, the others next time. */
  take(most: number): readonly Message[];
  /** Ends the waiting without a message: a slot is free. */
  wake(): void;
  /** The same, and there is enough to do already: nothing more is gathered. */
  goOn(): void;
  /** Somebody wished something, or answered: the run looks at once. */
  wish(): void;
  /** Whether somebody wished something since the last time. */
  wished(): boolean;
  /** Resolves at the next message or wake, at once if there was one since the last wait, or after `ms`. */
  wait(ms: number): Promise<void>;
  /** Lets more come: resolves when so many messages have, when somebody wishes something, or after `ms`. */
  gather(most: number, ms: number): Promise<void>;
}

export function createInbox(): Inbox {
  const messages: Message[] = [];
  let woken = false;
  let wished = false;
  let busy = false;
  let release: (() => void) | null = null;
  let gathering: { readonly most: number; readonly enough: () => void } | null = null;
  const wake = () => {
    woken = true;
    release?.();
  };
  return {
    put(message) {
      messages.push(message);
      wake();
      if (gathering !== null && messages.length >= gathering.most) gathering.enough();
    },
    take(most) {
      const taken = messages.splice(0, most);
      if (messages.length > 0) woken = true;
      return taken;
    },
    wake,
    goOn() {
      busy = true;
      wake();
      gathering?.enough();
    },
    wish() {
      wished = true;
      wake();
      gathering?.enough();
    },
    wished() {
      const answer = wished;
      wished = false;
      return answer;
    },
    async wait(ms) {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          release = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      release = null;
      woken = false;
    },
    async gather(most, ms) {
      const isEnough = busy || wished || messages.length >= most;
      busy = false;
      if (isEnough) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        const enough = () => {
          clearTimeout(timer);
          resolve();
        };
        gathering = { most, enough };
      });
      gathering = null;
      busy = false;
    },
  };
}
