// Run by `npm ci`, in plain JavaScript by whatever Node the machine has. npm 10, which comes with Node 20, drops the link to the Node that
// the scripts use: two packages offer it, and the one of the other processor takes it along when it is left out.
import { existsSync, mkdirSync, symlinkSync } from "node:fs";

const link = new URL("../../node_modules/.bin/node", import.meta.url);
const program = new URL(`../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url);
if (!existsSync(link) && existsSync(program)) {
  mkdirSync(new URL(".", link), { recursive: true });
  symlinkSync(`../node-${process.platform}-${process.arch}/bin/node`, link);
}
