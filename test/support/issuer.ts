/** An identity provider on loopback: keys made here, a discovery document, a key set, and tokens as a test wants them. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function aKey(alg = "ES256"): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  /** What it publishes. */
  keys: SigningKey[];
  /** Null: it works. Else the status of all that it answers. */
  failing: number | null;
  /** What its discovery document says that it is. */
  named: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Signed with the first key, unless another is given; valid for an hour. */
  token(claims?: JWTPayload, key?: SigningKey): Promise<string>;
}

export const audience = "dr-gateway";

export async function anIssuer(): Promise<TestIssuer> {
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    const documents: Record<string, object> = {
      "/.well-known/openid-configuration": { issuer: issuer.named, jwks_uri: `${issuer.url}/keys` },
      "/keys": { keys: issuer.keys.map(({ jwk }) => jwk) },
    };
    const document = documents[url];
    const status = issuer.failing ?? (document ? 200 : 404);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document ?? {}));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${portOf(server.address())}`;
  const issuer: TestIssuer = {
    url,
    keys: [await aKey()],
    failing: null,
    named: url,
    asked,
    async token(claims = {}, key = issuer.keys[0]) {
      if (!key) throw new Error("the issuer has no key");
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: audience, sub: "subject-1", iat: now, exp: now + 3600, roles: ["VIEWER"], ...claims };
      const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(given).setProtectedHeader({ alg: key.alg, kid: key.kid }).sign(key.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the issuer has no port");
  return address.port;
}
