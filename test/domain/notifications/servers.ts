/** What notifications are sent to: real servers on this machine, which do what a test wants of them. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import tls from "node:tls";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** A key and a certificate for localhost and hooks.example.com, which sign themselves: of no use anywhere else. */
export const pem = readFileSync(new URL("localhost.pem", import.meta.url), "utf8");

export interface Received {
  readonly headers: http.IncomingHttpHeaders;
  readonly url: string;
  readonly body: string;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** Connections that were made to it, also those that sent nothing. */
  connections: number;
  answer: (response: http.ServerResponse, request: Received) => void;
}

export const ok = (response: http.ServerResponse) => void response.writeHead(204).end();
export const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: http.ServerResponse) =>
    void response.writeHead(code, headers).end();

/** This process trusts that certificate meanwhile, as NODE_EXTRA_CA_CERTS would have it. */
export async function trusting<T>(work: () => Promise<T>): Promise<T> {
  const before = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...before, pem.slice(pem.indexOf("-----BEGIN CERT"))]);
  try {
    return await work();
  } finally {
    tls.setDefaultCACertificates(before);
  }
}

const portOf = (server: Server): number => Number(Object(server.address() satisfies AddressInfo | string | null).port);

export async function aReceiver({ secure = false } = {}): Promise<Receiver> {
  const onRequest = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    request.on("error", () => {});
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const got = { headers: request.headers, url: request.url ?? "", body };
    receiver.received.push(got);
    receiver.answer(response, got);
  };
  const server = secure ? https.createServer({ key: pem, cert: pem }, onRequest) : http.createServer(onRequest);
  server.on("connection", () => receiver.connections++);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const port = portOf(server);
  const receiver: Receiver = {
    url: `${secure ? "https" : "http"}://${secure ? "localhost" : "127.0.0.1"}:${port}/hook`,
    port,
    received: [],
    connections: 0,
    answer: ok,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  /** Whether it came over TLS. */
  readonly secure: boolean;
}

export interface MailServer extends AsyncDisposable {
  /** Without encryption. */
  readonly url: string;
  readonly port: number;
  readonly mails: Mail[];
  /** Null: it takes them. */
  refusing: { readonly code: number; readonly text: string } | null;
  /** It reads the e-mail and says nothing more. */
  silent: boolean;
  /** E-mails that it has read to their end. */
  read: number;
  /** Hears of each that it takes. */
  onMail: (mail: Mail) => void;
}

export async function aMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ["STARTTLS"],
    key: pem,
    cert: pem,
    ...options,
    onData(stream, session, done) {
      let raw = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        raw += chunk;
      });
      stream.on("end", () => {
        mail.read++;
        if (mail.silent) return;
        if (mail.refusing !== null) return done(Object.assign(new Error(mail.refusing.text), { responseCode: mail.refusing.code }));
        const { mailFrom, rcptTo } = session.envelope;
        const taken = { from: mailFrom ? mailFrom.address : "", to: rcptTo.map(({ address }) => address), raw, secure: session.secure };
        mail.mails.push(taken);
        mail.onMail(taken);
        done();
      });
    },
  });
  server.on("error", () => {});
  server.server.on("connection", (socket: Socket) => sockets.add(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const port = portOf(server.server);
  const mail: MailServer = {
    url: `smtp://127.0.0.1:${port}?requireTLS=false`,
    port,
    mails: [],
    refusing: null,
    silent: false,
    read: 0,
    onMail: () => {},
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return mail;
}
