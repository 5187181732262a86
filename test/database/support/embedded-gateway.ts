/** What a gateway does with its data folder: takes the lock, starts the server, says so, and stays until it is killed or told to stop. */
import { startEmbedded } from "../../../src/database/embedded.ts";
import { messageOf } from "../../../src/database/errors.ts";
import { lockInstance } from "../../../src/database/instance-lock.ts";

const [dataDir = "", instance = ""] = process.argv.slice(2);
try {
  const lock = await lockInstance({ instance, dataDir });
  const server = await startEmbedded({ dataDir, instance });
  lock.announce("http://here");
  console.log(JSON.stringify({ url: server.url, pid: server.pid }));
  process.stdin.resume().once("end", () => void server.stop().then(() => lock.release()));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
