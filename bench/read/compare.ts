/** Before anything is timed: everybody answers the same, as parsed JSON. Ids are each contender's own, so they are left out. */
import { isDeepStrictEqual } from "node:util";
import type { LoadTarget } from "../support/load.ts";

interface Asked {
  readonly name: string;
  readonly target: LoadTarget;
}

const compared = 5;

/** A sentence for each difference; none: they are equal. */
export async function differences(asked: readonly Asked[]): Promise<string[]> {
  const [first, ...others] = await Promise.all(asked.map(async ({ name, target }) => ({ name, answers: await answersOf(target) })));
  if (first === undefined) return [];
  const said = first.answers.flatMap((answer, at) =>
    isWhole(answer) ? [] : [`${first.name} does not answer question ${at + 1}: ${brief(answer)}`],
  );
  for (const { name, answers } of others) {
    const at = answers.findIndex((answer, nth) => !isDeepStrictEqual(answer, first.answers[nth]));
    if (at >= 0) said.push(`${name} answers ${brief(answers[at])}, and ${first.name} ${brief(first.answers[at])}`);
  }
  return said;
}

/** The first questions, each twice: what is compiled at the second use has to say the same. */
async function answersOf({ url, headers, bodies }: LoadTarget): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const body of [...bodies.slice(0, compared), ...bodies.slice(0, compared)]) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...headers[0] },
      body,
    });
    answers.push(withoutIds(JSON.parse(await response.text())));
  }
  return answers;
}

function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === "id" ? [] : [[key, withoutIds(inner)]])));
}

const isWhole = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && !("errors" in answer) && !JSON.stringify(answer).includes(":null}}") && "data" in answer;

const brief = (answer: unknown): string => JSON.stringify(answer).slice(0, 400);
