import { readFileSync } from "node:fs";

const { scripts }: { scripts: { start: string } } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** What `npm start` gives to Node, for whoever starts a gateway as it does; the paths are relative to the project's folder. */
export const startArguments: readonly string[] = scripts.start.replace("exec node ", "").split(" ");
