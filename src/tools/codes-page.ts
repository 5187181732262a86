/** The page docs/codes.md: every code of a fault or a warning with what to do about it. */
import { drillCodes } from "../domain/drills/codes.ts";
import { remedies } from "../domain/faults.ts";
import { reasons } from "../domain/reasons.ts";
import { warningCodes } from "../engine/warnings.ts";

const byCode = <Value>(codes: Readonly<Record<string, Value>>) => Object.entries(codes).sort(([a], [b]) => a.localeCompare(b));

export function codesPage(): string {
  return `# Codes of faults, reasons and warnings

<!-- npm run docs writes this file from the registries in src/domain/faults.ts, src/domain/reasons.ts, src/domain/drills/codes.ts and src/engine/warnings.ts. -->

Codes are for programs, and more may come; the message names the things that it concerns. A provider may have codes of its own.

## Faults

\`Fault\`: what is wrong now with a plan, a group, a VM or a site. While a plan has faults it is NOT_READY.

| code | what to do |
| --- | --- |
${byCode(remedies)
  .map(([code, remedy]) => `| \`${code}\` | ${remedy} |`)
  .join("\n")}

## Reasons

\`PreconditionFailedError.reason\`: what has to be put right first; the error's remedy says how.

| reason | what it means |
| --- | --- |
${byCode(reasons)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join("\n")}

## Drills

\`DrillOccurrence.code\`: why a drill was not started, or how its test failed; beside these the reasons above.

| code | what it means |
| --- | --- |
${byCode(drillCodes)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join("\n")}

## Warnings of runs

\`RunWarning.code\`.

| code | what it means | what to do |
| --- | --- | --- |
${byCode(warningCodes)
  .map(([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`)
  .join("\n")}
`;
}
