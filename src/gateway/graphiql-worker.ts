import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { brotliCompressSync, constants } from "node:zlib";
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import { shareSession } from "./graphiql-session.ts";

const endpoint = "/graphql";
const root = '<div id="root"></div>';
const page = renderGraphiQL({
  title: "DR gateway",
  endpoint,
  defaultTabs: workerData,
  shouldPersistHeaders: false, // the token would stay in the browser
  subscriptionsProtocol: "SSE",
});
const html = page.replace(root, () => `${root}<script>(${shareSession})(window, "${endpoint}");</script>`);
const compressed = brotliCompressSync(html, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
parentPort?.postMessage({ compressed, etag: `"${createHash("sha256").update(html).digest("base64url")}"` });
