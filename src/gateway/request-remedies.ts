/** What to do about a request that can't be read or run. graphql's and yoga's own errors have no code: their messages are known by how they begin. */

const remedies: readonly (readonly [message: RegExp, remedy: string])[] = [
  [/(^|; )DateTime cannot represent/, "Write the date, the time and the zone, such as 2026-11-27T00:00:00Z."],
  [
    /^(Could not determine what operation|Must provide (an operation|operation name)|Unknown operation named|The document has no such operation)/,
    "Send one operation, or name each and send operationName.",
  ],
  [
    /^POST body sent invalid JSON/,
    "Send a body that is JSON; in its strings, quotes and line breaks are escaped, which a JSON library does.",
  ],
  [
    /^(POST body is expected to be object|Invalid "params"|Expected params to be an object)/,
    'Send one JSON object with "query", and with "variables" and "operationName" where they are needed.',
  ],
  [/^Must provide query string/, 'Send the document as "query": in the JSON body of a POST, or in the address of a GET.'],
  [/^Expected "query" param/, 'Send the document as "query", a string.'],
  [/^Expected "(variables|extensions)" param/, "Send it as a JSON object, not as a string that holds one, or leave it out."],
  [/^Unexpected parameter/, 'Send nothing but "query", "variables", "operationName" and "extensions".'],
  [/^Can only perform a mutation/, "Send mutations by POST."],
  [/^Syntax Error/, "Correct the document's syntax at the line and column that locations names."],
  [/^Variable "\$\w+" is not defined/, "Declare the variable with its type behind the operation's name, or remove it."],
  [/^Variable "\$\w+" of (required|non-null) type/, 'Send a value for it in "variables", or give it a default where it is declared.'],
  [/^Variable "\$\w+" got invalid value/, 'Send a value of the declared type in "variables".'],
];

export const remedyOf = (message: string): string =>
  remedies.find(([begins]) => begins.test(message))?.[1] ?? "Correct the request; the schema is open to introspection.";
