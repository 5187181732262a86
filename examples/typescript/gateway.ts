/** A typed client in a screenful: operations over HTTP, subscriptions by client/follow.ts, errors as the schema has them. */
import { type Delivery, follow } from "../../client/follow.ts";
import type { ErrorCode, TypedDocumentString } from "./generated/graphql.ts";

/** What `... on Error { code message remedy }` gives, whichever error it is. */
interface ErrorAnswer {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

/** The gateway did not do it. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: string;
  constructor({ code, message, remedy }: { readonly code: string; readonly message: string; readonly remedy: string }) {
    super(`${message} ${remedy}`.trim());
    this.code = code;
  }
}

/** Tells the payload of a mutation's answer from its errors; the compiler then knows the fields of either. */
export const isError = <Answer extends object>(answer: Answer): answer is Extract<Answer, ErrorAnswer> => "remedy" in answer;
const isPayload = <Answer extends object>(answer: Answer): answer is Exclude<Answer, ErrorAnswer> => !isError(answer);

/** The payload of a mutation's answer; every error is thrown. */
export function payload<Answer extends object>(answer: Answer | null): Exclude<Answer, ErrorAnswer> {
  if (answer !== null && isPayload(answer)) return answer;
  const nothing = { code: "INTERNAL_ERROR", message: "There is no answer.", remedy: "Try again." };
  throw new GatewayError(answer !== null && isError(answer) ? answer : nothing);
}

/** Operations without variables need none. */
type Given<Variables> = Record<string, never> extends Variables ? [variables?: Variables] : [variables: Variables];

export class Gateway {
  readonly #url: string;
  /** From createSession; sent with all that follows. */
  token = "";
  constructor(url: string) {
    this.#url = `${url}/graphql`;
  }

  /** The operation's data; top-level errors are thrown. */
  async execute<Result, Variables>(document: TypedDocumentString<Result, Variables>, ...[variables]: Given<Variables>): Promise<Result> {
    const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
    const response = await fetch(this.#url, {
      method: "POST",
      headers: this.token ? { ...headers, "session-token": this.token } : headers,
      body: JSON.stringify({ query: String(document), variables }),
    });
    const { data, errors } = JSON.parse(await response.text());
    const [error] = errors ?? [];
    if (error) throw new GatewayError({ code: "INTERNAL_ERROR", remedy: "", ...error.extensions, message: error.message });
    return data;
  }

  /** Each delivery of a subscription with a variable `$after`, to its end: after a break it goes on where it was. */
  async follow<Result extends Record<string, Delivery | null>, Variables extends Readonly<Record<string, unknown>>>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
    onBatch: (batch: NonNullable<Result[keyof Result]>) => void,
  ): Promise<void> {
    await follow({ url: this.#url.replace(/^http/, "ws"), query: String(document), variables, token: this.token, onBatch });
  }
}
