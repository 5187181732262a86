import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "../src/config.ts";

const oidc = { OIDC_ISSUER: "https://idp.example/realms/dr", OIDC_AUDIENCE: "dr-gateway" };

describe("the settings of heartbeats", () => {
  it("are 5, 15 and 30 seconds and three in a row by default", () => {
    expect(readConfig({}).heartbeat).toEqual({
      everySeconds: 5,
      suspectAfterSeconds: 15,
      disconnectedAfterSeconds: 30,
      heartbeatsToReturn: 3,
    });
  });

  it.each([
    [{ SUSPECT_AFTER_SECONDS: "9" }, /^SUSPECT_AFTER_SECONDS can't be used: .*twice HEARTBEAT_SECONDS/],
    [{ DISCONNECTED_AFTER_SECONDS: "14" }, /^DISCONNECTED_AFTER_SECONDS can't be used: .*SUSPECT_AFTER_SECONDS/],
    [{ HEARTBEATS_TO_RETURN: "0" }, /^HEARTBEATS_TO_RETURN can't be used: /],
  ])("have to fit each other: %o", (given, message) => {
    expect(() => readConfig(given)).toThrow(message);
  });
});

describe("the settings of who may sign in", () => {
  it("know local users alone by default", () => {
    expect(readConfig({})).toMatchObject({ adminUser: "admin", adminPassword: null, oidc: null });
  });

  it("take an identity provider, with roles by their names or by a map", () => {
    expect(readConfig(oidc).oidc).toEqual({
      issuer: "https://idp.example/realms/dr",
      audience: "dr-gateway",
      roleClaim: "roles",
      roleMap: null,
      jwksUrl: null,
    });
    const more = {
      OIDC_ROLE_CLAIM: "groups",
      OIDC_ROLE_MAP: "dr-admins=ADMIN, ops=OPERATOR,ops=EDITOR",
      OIDC_JWKS_URL: "http://127.0.0.1:1/keys",
    };
    expect(readConfig({ ...oidc, ...more }).oidc).toMatchObject({
      roleClaim: "groups",
      roleMap: new Map([
        ["dr-admins", ["ADMIN"]],
        ["ops", ["OPERATOR", "EDITOR"]],
      ]),
      jwksUrl: "http://127.0.0.1:1/keys",
    });
  });

  it.each([
    [{ ADMIN_PASSWORD: "elevenchars" }, /^ADMIN_PASSWORD can't be used: A password has at least 12 characters, and this has 11\. See/],
    [{ ADMIN_USER: "oidc/root" }, /^ADMIN_USER can't be used: /],
    [{ OIDC_ISSUER: oidc.OIDC_ISSUER }, /^OIDC_AUDIENCE can't be used: .*it is missing/],
    [{ OIDC_AUDIENCE: "dr-gateway" }, /^OIDC_ISSUER can't be used: .*it is missing/],
    [{ ...oidc, OIDC_ISSUER: "http://idp.example" }, /^OIDC_ISSUER can't be used: it has to begin with https/],
    [{ ...oidc, OIDC_JWKS_URL: "ftp://idp.example" }, /^OIDC_JWKS_URL can't be used: /],
    [{ ...oidc, OIDC_ROLE_MAP: "dr-admins=KING" }, /^OIDC_ROLE_MAP can't be used: it has to look like/],
    [{ ...oidc, OIDC_ROLE_MAP: "ADMIN" }, /^OIDC_ROLE_MAP can't be used: /],
    [{ ...oidc, OIDC_ROLE_MAP: "=ADMIN" }, /^OIDC_ROLE_MAP can't be used: /],
  ])("%j is refused in a sentence, without a secret", (env, message) => {
    expect(() => readConfig(env)).toThrow(ConfigError);
    expect(() => readConfig(env)).toThrow(message);
    expect(() => readConfig(env)).not.toThrow(/elevenchars/);
  });

  it.each(["http://127.0.0.1:8080", "http://localhost/realms/dr", "http://[::1]:2"])(
    "take %s, which stays on this machine",
    (OIDC_ISSUER) => {
      expect(readConfig({ ...oidc, OIDC_ISSUER }).oidc?.issuer).toBe(OIDC_ISSUER);
    },
  );
});

describe("the settings of notifications", () => {
  it("are none by default: no link, no mail server, and webhooks lead to public addresses by https alone", () => {
    expect(readConfig({}).notifications).toEqual({ publicUrl: null, webhooks: { allowHttp: false, allowedNetworks: [] }, smtp: null });
  });

  it("take a mail server with who it is from, a public address, and networks", () => {
    const given = {
      PUBLIC_URL: "https://dr.example.com/",
      SMTP_URL: "smtps://dr:secret@mail.example.com:465",
      SMTP_FROM: "DR gateway <dr@example.com>",
      WEBHOOK_ALLOW_HTTP: "on",
      WEBHOOK_ALLOWED_NETWORKS: "10.1.0.0/16, fd00::1",
    };
    expect(readConfig(given).notifications).toEqual({
      publicUrl: "https://dr.example.com",
      webhooks: {
        allowHttp: true,
        allowedNetworks: [
          { address: "10.1.0.0", prefixLength: 16 },
          { address: "fd00::1", prefixLength: 128 },
        ],
      },
      smtp: { url: given.SMTP_URL, from: given.SMTP_FROM },
    });
  });

  it.each([
    [{ SMTP_URL: "smtp://mail.example.com" }, /^SMTP_FROM can't be used: .*it is missing/],
    [{ SMTP_FROM: "dr@example.com" }, /^SMTP_URL can't be used: .*it is missing/],
    [{ SMTP_URL: "https://user:elevenchars@mail", SMTP_FROM: "dr@example.com" }, /^SMTP_URL can't be used: /],
    [{ SMTP_URL: "smtps://user:elevenchars/2@mail", SMTP_FROM: "dr@example.com" }, /^SMTP_URL can't be used: .* written as %40/],
    [{ SMTP_URL: "smtps://user:12/elevenchars@mail", SMTP_FROM: "dr@example.com" }, /^SMTP_URL can't be used: .* written as %40/],
    [{ SMTP_URL: "smtps://user:elevenchars%zz@mail", SMTP_FROM: "dr@example.com" }, /^SMTP_URL can't be used: .* written as %40/],
    [{ SMTP_URL: "smtp:///mail", SMTP_FROM: "dr@example.com" }, /^SMTP_URL can't be used: /],
    [{ SMTP_URL: "smtp://mail", SMTP_FROM: "dr@example.com\nBcc: all@example.com" }, /^SMTP_FROM can't be used: it has to be one address/],
    [{ SMTP_URL: "smtp://mail", SMTP_FROM: "a@example.com, b@example.com" }, /^SMTP_FROM can't be used: it has to be one address/],
    [{ WEBHOOK_ALLOW_HTTP: "yes" }, /^WEBHOOK_ALLOW_HTTP can't be used: it has to be on or off\./],
    [{ WEBHOOK_ALLOWED_NETWORKS: "10.0.0.0/33" }, /^WEBHOOK_ALLOWED_NETWORKS can't be used: it has to look like/],
    [{ PUBLIC_URL: "dr.example.com" }, /^PUBLIC_URL can't be used: /],
  ])("%j is refused in a sentence, without a secret", (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
    expect(() => readConfig(env)).not.toThrow(/elevenchars/);
  });
});
