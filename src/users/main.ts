/** npm run user -- add|list|remove|password|roles */
import { ofProcess } from "../command-line.ts";
import { runUsers } from "./run.ts";

process.exitCode = await runUsers(ofProcess());
