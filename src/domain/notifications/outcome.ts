/** How an attempt to deliver ended. Errors are sentences of ours: nothing that a receiver could put into logs, no secret. */
export type Outcome =
  | { readonly delivered: true; readonly status: number }
  | {
      readonly delivered: false;
      /** HTTP status or SMTP reply code; null: there was no answer. */
      readonly status: number | null;
      readonly error: string;
      /** Trying again can't help. */
      readonly permanent: boolean;
      /** How long the receiver asks to be left alone; 0: it does not say. */
      readonly retryAfterSeconds: number;
    };

/** An attempt that somebody waits for. */
export interface Attempt {
  readonly outcome: Outcome;
  readonly elapsedMs: number;
}

export const noMailServer = "This gateway has no mail server: set SMTP_URL and SMTP_FROM.";

export const failure = (
  error: string,
  status: number | null = null,
  more: { permanent?: boolean; retryAfterSeconds?: number } = {},
): Outcome => ({
  delivered: false,
  status,
  error,
  permanent: more.permanent ?? false,
  retryAfterSeconds: more.retryAfterSeconds ?? 0,
});

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: "The connection was refused.",
  ECONNRESET: "The connection was closed before there was an answer.",
  ECONNECTION: "The connection was closed before there was an answer.",
  EPIPE: "The connection was closed before there was an answer.",
  ENOTFOUND: "There is no address for its host name.",
  EAI_AGAIN: "Its host name can't be resolved now.",
  EHOSTUNREACH: "Its host can't be reached.",
  ENETUNREACH: "Its network can't be reached.",
  ETIMEDOUT: "The connection timed out.",
  EDNS: "There is no address for its host name.",
  ETLS: "The connection can't be encrypted.",
  EPROTO: "The connection can't be encrypted: its port may not speak TLS.",
  EPROTOCOL: "Its answer can't be read: it is too long, or no answer.",
  ERR_SSL_WRONG_VERSION_NUMBER: "The connection can't be encrypted: its port may not speak TLS.",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "The connection can't be encrypted: its port may not speak TLS.",
  HPE_HEADER_OVERFLOW: "Its answer can't be read: the headers are too long.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Its certificate is self-signed: give its authority to the gateway by NODE_EXTRA_CA_CERTS.",
  SELF_SIGNED_CERT_IN_CHAIN: "Its certificate's authority is not known: give it to the gateway by NODE_EXTRA_CA_CERTS.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "Its certificate's authority is not known: give it to the gateway by NODE_EXTRA_CA_CERTS.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "Its certificate's authority is not known: give it to the gateway by NODE_EXTRA_CA_CERTS.",
  CERT_HAS_EXPIRED: "Its certificate has expired: it needs another one.",
  ERR_TLS_CERT_ALTNAME_INVALID: "Its certificate is of another host name: use the name that it has.",
};

/** A fault below HTTP and SMTP, by its code. */
export const sentenceOf = (code: unknown): string => {
  const text = typeof code === "string" && /^[A-Z0-9_]{1,60}$/.test(code) ? code : null;
  return text === null ? "It could not be sent." : (sentences[text] ?? `It could not be sent (${text}).`);
};
