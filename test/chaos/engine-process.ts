/**
 * An engine in a process of its own, to be killed: `node engine-process.ts DATABASE_URL SPOOL`. Loaded, it waits for a line before it
 * begins, so that one can stand by; it says "ready" when it drives.
 */
import { once } from "node:events";
import { openDatabase } from "../../src/database/database.ts";
import { openLab } from "../../src/providers/lab/lab.ts";
import { aNode } from "../support/node.ts";

const [url = "", spoolDir = ""] = process.argv.slice(2);
await once(process.stdin, "data");
const database = await openDatabase({ url, poolSize: 4 });
const lab = await openLab({ url, guestServices: false, poolSize: 2 });
await aNode(database, lab.provider, { leaseSeconds: 2, tickMs: 50 }, spoolDir);
process.stdout.write("ready\n");
