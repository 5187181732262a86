/** What is asked for while the answers to earlier questions are under way goes into one statement: hundreds of sites cost a few. */
import { isOutage } from "../journal.ts";

/** So many in one statement: a larger one is no cheaper, and holds what it locks for longer. */
const most = 200;

interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** `ask` answers in the questions' order, and is never called twice at once. A question that can't be asked fails no other one. */
export function together<Q, A>(ask: (questions: readonly Q[]) => Promise<readonly A[]>): (question: Q) => Promise<A> {
  const waiting: Waiting<Q, A>[] = [];
  let isAsking = false;

  async function send(asked: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await ask(asked.map(({ question }) => question));
      if (answers.length !== asked.length) throw new RangeError(`${asked.length} questions have ${answers.length} answers`);
      for (const [at, { resolve }] of asked.entries()) resolve(answers[at] as A);
    } catch (error) {
      if (asked.length === 1 || isOutage(error)) for (const { reject } of asked) reject(error);
      else for (const one of asked) await send([one]);
    }
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) await send(waiting.splice(0, most));
    isAsking = false;
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (isAsking) return;
      isAsking = true;
      setImmediate(() => void sendAll()); // with what others ask for in the same turn
    });
}
