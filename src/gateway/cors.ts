/** Which pages of other origins may call, and what they may read of the answers. */

/** As yoga takes them. `allowedOrigins` empty: any. */
export const corsOptions = (allowedOrigins: readonly string[]) => ({
  origin: allowedOrigins.length > 0 ? [...allowedOrigins] : "*",
  methods: ["GET", "POST", "OPTIONS"],
  allowedHeaders: ["content-type", "authorization", "session-token", "vmware-api-session-id", "x-request-id", "x-query-cost"],
  exposedHeaders: [
    "x-request-id",
    "retry-after",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
    "ratelimit",
  ],
  credentials: false,
  maxAge: 600,
});

/** The headers that yoga makes of these options, for an answer that is not yoga's. */
export function corsHeaders(allowedOrigins: readonly string[]): (origin: string | undefined) => Readonly<Record<string, string>> {
  const { methods, allowedHeaders, exposedHeaders, maxAge } = corsOptions(allowedOrigins);
  const always = {
    "access-control-allow-methods": methods.join(", "),
    "access-control-allow-headers": allowedHeaders.join(", "),
    "access-control-expose-headers": exposedHeaders.join(", "),
    "access-control-max-age": String(maxAge),
  };
  const allowed = (origin: string) => {
    const [only, another] = allowedOrigins;
    if (only !== undefined && another === undefined) return { "access-control-allow-origin": only };
    const isAllowed = only === undefined || allowedOrigins.includes(origin);
    return isAllowed ? { "access-control-allow-origin": origin, vary: "Origin" } : { "access-control-allow-origin": "null" };
  };
  return (origin) => (origin === undefined ? {} : { ...allowed(origin), ...always });
}
