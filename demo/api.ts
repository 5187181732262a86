/** The gateway's public API, as any client would use it. */
export interface Api {
  readonly url: string;
  readonly token: string;
  query(text: string, variables?: object): Promise<Record<string, unknown>>;
}

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string }[];
}

export async function post(url: string, token: string | null, query: string, variables: object = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...(token === null ? {} : { "session-token": token }) },
    body: JSON.stringify({ query, variables }),
  });
  const answer: Answer = JSON.parse(await response.text());
  if (answer.errors?.length || !answer.data)
    throw new Error(answer.errors?.map(({ message }) => message).join("; ") ?? `HTTP ${response.status}`);
  return answer.data;
}

export async function signIn(url: string, user: string, password: string): Promise<Api> {
  const data = await post(
    url,
    null,
    `mutation SignIn($input: CreateSessionInput!) { createSession(input: $input) { ... on CreateSessionPayload { token } ... on Error { message remedy } } }`,
    {
      input: { user, password },
    },
  );
  const token = String(field(data, "createSession", "token"));
  return { url, token, query: (text, variables) => post(url, token, text, variables) };
}

/** A value deep inside an answer; a mutation's error becomes an exception with its words. */
export function field(data: unknown, ...path: readonly (string | number)[]): unknown {
  let at: unknown = data;
  for (const part of path) {
    if (typeof at !== "object" || at === null) return undefined;
    const remedy: unknown = Reflect.get(at, "remedy");
    if (typeof remedy === "string") throw new Error(`${String(Reflect.get(at, "message"))} ${remedy}`);
    at = Reflect.get(at, part);
  }
  return at;
}

/** A list deep inside an answer; empty where there is none. */
export function list(data: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = field(data, ...path);
  return Array.isArray(found) ? found : [];
}
