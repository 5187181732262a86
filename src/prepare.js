// Loaded before main.ts (node --import), in plain JavaScript: an older Node can't read the rest, and is told so here.
import module from "node:module";
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `dr-gateway needs Node 22.18 or newer and this is ${process.version}: start it with "npm start", which brings its own, or run "npm ci" again if that is missing.`,
  );
  process.exit(1);
}
module.enableCompileCache();
// The nursery that the command line asks for is the main thread's; as a flag it would be that of each other thread, whatever is set for it.
if (isMainThread) for (const which of ["min", "max"]) setFlagsFromString(`--${which}-semi-space-size=0`);
