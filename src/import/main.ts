/** npm run import -- FILE [--dry-run] */
import { ofProcess } from "../command-line.ts";
import { runImport } from "./run.ts";

process.exitCode = await runImport(ofProcess());
