/** What tests, replication and forecasts say of a plan, as findings. Pure. */
import { listed } from "../listed.ts";
import type { PlanChange } from "./change.ts";
import type { LaggingGroup, ReadinessFacts } from "./facts.ts";
import type { FindingObject, Found } from "./found.ts";
import { type ReadinessCode, rules } from "./rules.ts";
import type { UntestedStep } from "./untested.ts";

export interface Judged {
  readonly plan: FindingObject;
  readonly facts: ReadinessFacts;
  readonly changes: readonly PlanChange[];
  readonly untested: readonly UntestedStep[];
  readonly forecastRtoSeconds: number | null;
  /** How long a successful test counts. */
  readonly testDays: number;
}

export function fromHistory(judged: Judged): Found[] {
  const { plan, facts } = judged;
  return [...fromTests(judged), ...fromForecast(judged), ...fromReplication(facts), ...fromLeftovers(plan, facts)];
}

const about = (code: ReadinessCode, object: FindingObject, message: string): Found => ({
  code,
  severity: rules[code].severity === "BLOCKER" ? "BLOCKER" : "WARNING",
  object,
  recoveryTypes: [],
  message,
  remedy: rules[code].remedy,
});

const day = (time: string): string => new Date(time).toISOString().slice(0, 10);

function fromTests({ plan, facts, changes, untested, testDays }: Judged): Found[] {
  const { lastTest, lastGoodTest } = facts;
  if (lastTest === null) return [about("NEVER_TESTED", plan, `No test of the plan ${plan.name} has come to an end.`)];
  const found: Found[] = [];
  if (lastTest.id !== lastGoodTest?.id)
    found.push(about("TEST_FAILED", plan, `The test of ${day(lastTest.requestedAt)} ended as ${lastTest.resultState}.`));
  if (lastGoodTest === null) return found;
  const when = day(lastGoodTest.requestedAt);
  if (lastGoodTest.ageDays > testDays)
    found.push(about("TEST_TOO_OLD", plan, `The last successful test, of ${when}, is more than ${testDays} days ago.`));
  if (changes.length > 0)
    found.push(
      about(
        "CHANGED_SINCE_TEST",
        plan,
        `Changed since the successful test of ${when}: ${namesOf(changes.map(({ object }) => object.name))}.`,
      ),
    );
  if (untested.length > 0)
    found.push(about("UNTESTED_STEPS", plan, `No successful test has run: ${namesOf(untested.map(({ name }) => name))}.`));
  return found;
}

const namesOf = (names: readonly string[]): string => listed([...new Set(names)]);

function fromForecast({ plan, facts: { rtoTargetSeconds }, forecastRtoSeconds }: Judged): Found[] {
  if (rtoTargetSeconds === null || forecastRtoSeconds === null || forecastRtoSeconds <= rtoTargetSeconds) return [];
  const message = `A disaster recovery is expected to take ${forecastRtoSeconds} seconds, and the target is ${rtoTargetSeconds}.`;
  return [about("RTO_OVER_TARGET", plan, message)];
}

function fromReplication({ lagging, failedReplications }: ReadinessFacts): Found[] {
  return [
    ...lagging.map((group) => about(group.isCritical ? "RPO_CRITICAL" : "RPO_VIOLATION", groupOf(group), lagOf(group))),
    ...failedReplications.map((group) =>
      about("REPLICATION_FAILED", groupOf(group), `The last replication of ${group.groupName} failed: ${group.error}`),
    ),
  ];
}

const groupOf = ({ groupId, groupName }: { readonly groupId: string; readonly groupName: string }): FindingObject => ({
  type: "ProtectionGroup",
  id: groupId,
  name: groupName,
});

const lagOf = ({ groupName, rpoMinutes, vmNames, isCritical }: LaggingGroup): string =>
  `VMs of ${groupName} are behind ${isCritical ? "three times its" : "its"} RPO of ${rpoMinutes} minutes: ${listed(vmNames)}.`;

const fromLeftovers = (plan: FindingObject, { leftovers }: ReadinessFacts): Found[] =>
  leftovers.length === 0 ? [] : [about("LEFTOVERS", plan, `Tests have left at the recovery site: ${listed(leftovers)}.`)];
