/** npm run verify -- --recovery ID | --audit | --changes | --all */
import { ofProcess } from "../command-line.ts";
import { runVerify } from "./run.ts";

process.exitCode = await runVerify(ofProcess());
