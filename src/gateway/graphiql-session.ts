/** What of the browser's window is used. */
export interface Page {
  fetch: typeof fetch;
  readonly location: { readonly href: string };
}

/**
 * Runs in the playground's page, before GraphiQL: who has signed in by one tab is signed in in each. The token stays in this function, for
 * as long as the page does, and goes to the gateway alone; what a tab's headers say comes first. The page is given this function's
 * text, so it refers to nothing outside.
 */
export function shareSession(page: Page, path: string): void {
  const send = page.fetch;
  const endpoint = new URL(path, page.location.href);
  let token: string | null = null;

  const tokenIn = async (response: Response): Promise<string | null> => {
    try {
      const { data }: { data?: Record<string, { token?: string } | null> | null } = JSON.parse(await response.clone().text());
      return Object.values(data ?? {}).find((answer) => answer?.token)?.token ?? null;
    } catch {
      return null; // no answer of GraphQL's
    }
  };

  page.fetch = async (address, options = {}) => {
    const url = new URL(address instanceof Request ? address.url : address, endpoint);
    if (url.origin !== endpoint.origin || url.pathname !== endpoint.pathname) return send(address, options);
    const headers = new Headers(options.headers);
    if (token !== null && !headers.get("session-token") && !headers.has("authorization")) headers.set("session-token", token);
    const response = await send(address, { ...options, headers });
    if (String(options.body).includes("createSession")) token = (await tokenIn(response)) ?? token;
    return response;
  };
}
