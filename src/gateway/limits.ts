/** Bounds of one operation, kept by envelop hooks so that they hold over every transport. */
import type { Plugin } from "@envelop/core";
import { maxAliasesPlugin } from "@escape.tech/graphql-armor-max-aliases";
import { maxDepthPlugin } from "@escape.tech/graphql-armor-max-depth";
import { maxDirectivesPlugin } from "@escape.tech/graphql-armor-max-directives";
import { maxTokensPlugin } from "@escape.tech/graphql-armor-max-tokens";
import { type DocumentNode, GraphQLError, type ValidationRule, validate } from "graphql";
import { InvalidRequestError } from "../domain/errors.ts";
import { rootFields } from "./root-fields.ts";

export const limits = {
  tokens: 1000,
  /** Edges and nodes count. */
  depth: 20,
  aliases: 30,
  directives: 10,
  /** Different fields at the operation's root: each is a page's question, or a change, of its own. */
  queryFields: 30,
  mutationFields: 10,
  /** Errors that are found in a document before validation gives up. */
  errors: 10,
  bodyBytes: 256 * 1024,
  /** A WebSocket message; larger ones close the socket with 1009. */
  messageBytes: 64 * 1024,
  operationsPerSocket: 100,
  socketsPerAddress: 1000,
} as const;

/** A bound was passed. Always top-level: the operation was not looked at any further. */
export class LimitError extends InvalidRequestError {
  readonly limit: number;
  readonly measured: number;
  constructor(what: string, limit: number, measured: number, remedy = "Send less at once: split the operation.", more = "") {
    super(`${what}: at most ${limit}, found ${measured}.${more}`, [], remedy);
    this.limit = limit;
    this.measured = measured;
  }
}

const shapes = new Map([
  ["Token", "Tokens in the document"],
  ["Query depth", "Depth of the operation"],
  ["Aliases", "Aliases in the operation"],
  ["Directives", "Directives in the operation"],
]);

/** The plugins' errors have no code: their messages are known by their whole form. */
export function limitErrorOf(message: string): LimitError | null {
  const match = /^Syntax Error: (Token|Query depth|Aliases|Directives) limit of (\d+) exceeded(?:, found (\d+))?\.$/.exec(message);
  const what = shapes.get(match?.[1] ?? "");
  if (!match || !what) return null;
  const limit = Number(match[2]);
  return new LimitError(what, limit, match[3] ? Number(match[3]) : limit + 1); // counting tokens stops at the first one too many
}

export function limitPlugins(): Plugin[] {
  return [
    maxTokensPlugin({ n: limits.tokens }),
    maxDepthPlugin({ n: limits.depth, flattenFragments: true }),
    maxAliasesPlugin({ n: limits.aliases }),
    maxDirectivesPlugin({ n: limits.directives }),
    { onValidate: ({ addValidationRule }) => addValidationRule(limitRootFields) },
  ];
}

/** Fields with the same name in the answer are one. */
const limitRootFields: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    const names = new Set(rootFields(context.getDocument(), operation).map(({ name, alias }) => (alias ?? name).value));
    const isMutation = operation.operation === "mutation";
    const limit = isMutation ? limits.mutationFields : limits.queryFields;
    if (names.size <= limit) return;
    const originalError = new LimitError(isMutation ? "Mutations in the operation" : "Fields at the operation's root", limit, names.size);
    context.reportError(new GraphQLError(originalError.message, { nodes: operation, originalError }));
  },
});

const validateBriefly: typeof validate = (schema, document, rules) => validate(schema, document, rules, { maxErrors: limits.errors });

export interface DocumentCacheOptions {
  readonly documents: number;
  /** Of one document that is kept. */
  readonly characters: number;
  /** Of all that are kept. */
  readonly totalCharacters: number;
}

/**
 * Keeps documents that were found valid, the last used ones. Nothing invalid is kept: strangers, who need no session to be refused, would
 * fill the memory with it (0.95 MB for a query of 4 KB).
 */
export function useValidDocuments({ documents, characters, totalCharacters }: DocumentCacheOptions): Plugin {
  const kept = new Map<string, DocumentNode>();
  const valid = new WeakSet<DocumentNode>();
  const texts = new WeakMap<DocumentNode, string>();
  let size = 0;

  const drop = (text: string) => {
    if (kept.delete(text)) size -= text.length;
  };
  const keep = (text: string, document: DocumentNode) => {
    drop(text);
    kept.set(text, document);
    size += text.length;
    for (const oldest of kept.keys()) {
      if (kept.size <= documents && size <= totalCharacters) break;
      drop(oldest);
    }
  };

  return {
    onParse({ params, setParsedDocument }) {
      const text = typeof params.source === "string" ? params.source : params.source.body;
      const known = kept.get(text);
      if (known) {
        keep(text, known); // now the last used
        setParsedDocument(known);
        return;
      }
      return ({ result }) => {
        if (result && !(result instanceof Error) && text.length <= characters) texts.set(result, text);
      };
    },
    onValidate({ params: { documentAST }, setResult, setValidationFn }) {
      setValidationFn(validateBriefly);
      if (valid.has(documentAST)) {
        setResult([]);
        return;
      }
      return (done) => {
        const text = texts.get(documentAST);
        if (!done.valid || text === undefined) return;
        valid.add(documentAST);
        keep(text, documentAST);
      };
    },
  };
}
