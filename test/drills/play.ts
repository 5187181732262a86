/** Lets a time pass, from one thing that happens to the next: due times, ends of runs, deaths and returns of nodes, what people and sites do. */
import { operator } from "../support/node.ts";
import { aCrew, type Crew } from "./crew.ts";
import { dueTimesOf } from "./drill.ts";
import { runsOf } from "./runs.ts";
import type { World } from "./world.ts";

export interface Surroundings {
  readonly at: number;
  readonly lagMinutes: number;
  readonly siteAway: boolean;
}

export interface Played extends Pick<Crew, "deaths" | "served" | "warnings"> {
  /** Until when every due time has to be accounted for. */
  readonly until: number;
  /** How things stood from each of these moments on. */
  readonly surroundings: readonly Surroundings[];
  readonly outages: number;
  readonly looks: number;
}

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

export async function play(world: World, random: () => number, from: number, until: number): Promise<Played> {
  const due = [...new Set(world.drills.flatMap((drill) => dueTimesOf(drill, from, until)))].sort((a, b) => a - b);
  const crew = aCrew(world, random);
  await using closing = new AsyncDisposableStack();
  closing.defer(() => crew.close());
  const runs = runsOf(world, random);
  const surroundings: Surroundings[] = [];
  let [looks, outages, later, now] = [0, 0, Number.POSITIVE_INFINITY, from];

  /** Every two seconds, as long as there is something to do. */
  async function lookOn(mayDie: boolean): Promise<void> {
    for (let round = 0; round < 12 && crew.someAlive; round++) {
      now += 2 * second;
      await world.setClock(now);
      await runs.advance(now);
      const { work, laterAt } = await whatIsLeft(world);
      later = laterAt;
      if (work === 0) return;
      await crew.look(now, mayDie);
      looks++;
    }
  }

  for (let at = 0; at < due.length; ) {
    const dueAt = due[at] ?? until;
    now = Math.max(now, Math.min(dueAt, runs.nextAt, crew.nextAt, later));
    later = Number.POSITIVE_INFINITY;
    await world.setClock(now);
    if (now >= dueAt) {
      at++;
      if (random() < 0.02) {
        outages++;
        await crew.outage(now + random() * 72 * hour);
      }
      surroundings.push(await surroundingsAt(world, random, now));
      await whatPeopleDo(world, random);
    }
    await runs.advance(now);
    await crew.comeBack(now);
    await lookOn(true);
  }
  // Nothing is due any more, and everything comes to its end.
  await world.setSiteAway(false);
  for (let rounds = 0; await isOpen(world); rounds++) {
    if (rounds === 200) throw new Error("What was started has no end");
    now += 20 * minute;
    await world.setClock(now);
    await crew.comeBack(Number.POSITIVE_INFINITY);
    await cleanUpWhatIsLeft(world);
    await lookOn(false);
  }
  const { deaths, served, warnings } = crew;
  return { until, deaths, served, warnings, surroundings, outages, looks };
}

async function surroundingsAt(world: World, random: () => number, now: number): Promise<Surroundings> {
  const [lagMinutes, siteAway] = [random() < 0.08 ? 40 : 2, random() < 0.05];
  await world.setLag(lagMinutes);
  await world.setSiteAway(siteAway);
  return { at: now, lagMinutes, siteAway };
}

/** Somebody tests a plan by hand once in a while, and cleans up what nobody else does. */
async function whatPeopleDo(world: World, random: () => number): Promise<void> {
  if (random() < 0.5) await cleanUpWhatIsLeft(world);
  if (random() > 0.05) return;
  const planId = world.planIds[Math.floor(random() * world.planIds.length)] ?? "";
  // Refused where another run is in the way.
  await world.people.start(operator, { planId, recoveryType: "TEST" }).catch(() => undefined);
}

/** Tests that were started by hand, and those of drills that have given up. */
async function cleanUpWhatIsLeft({ db, people }: World): Promise<void> {
  const { rows } = await db.database.pool.query<{ id: string }>(
    `SELECT p.id FROM recovery_plan p WHERE p.lifecycle IN ('TEST_COMPLETE', 'CLEANUP_INCOMPLETE') AND NOT EXISTS (
      SELECT 1 FROM drill_occurrence o JOIN recovery r ON r.id = o.run_id WHERE r.plan_id = p.id AND o.settled_at IS NULL)`,
  );
  for (const { id } of rows) await people.cleanup(operator, { planId: id }).catch(() => undefined);
}

const leftText = `SELECT (SELECT count(*)::int4 FROM drill WHERE next_run_at <= dr_now()) + (SELECT count(*)::int4 FROM open WHERE now) AS work,
    (SELECT min(at) FROM open, unnest(ARRAY[deadline_at, cleanup_due_at]) AS at WHERE at > dr_now()) AS later
  FROM (SELECT 1) AS one`;
const openText = `WITH open AS (SELECT o.deadline_at, o.cleanup_due_at, CASE WHEN o.outcome = 'STARTED'
      THEN r.ended_at IS NOT NULL OR (o.deadline_at <= dr_now() AND r.cancel_requested_at IS NULL)
        OR (r.cancel_requested_at IS NULL AND EXISTS (SELECT 1 FROM recovery_prompt p WHERE p.run_id = r.id AND p.answer IS NULL))
      ELSE coalesce(o.cleanup_due_at <= dr_now(), c.ended_at IS NOT NULL) END AS now
    FROM drill_occurrence o JOIN recovery r ON r.id = o.run_id LEFT JOIN recovery c ON c.id = o.cleanup_run_id WHERE o.settled_at IS NULL)`;

/** What nodes have to do at this moment, and when there is more. */
async function whatIsLeft({ db }: World): Promise<{ readonly work: number; readonly laterAt: number }> {
  const { rows } = await db.database.pool.query<{ work: number; later: Date | null }>(`${openText} ${leftText}`);
  return { work: rows[0]?.work ?? 0, laterAt: rows[0]?.later?.getTime() ?? Number.POSITIVE_INFINITY };
}

async function isOpen({ db }: World): Promise<boolean> {
  const { rows } = await db.database.pool.query<{ open: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM drill_occurrence WHERE settled_at IS NULL) OR EXISTS (SELECT 1 FROM recovery WHERE ended_at IS NULL)
      OR EXISTS (SELECT 1 FROM recovery_plan WHERE lifecycle <> 'READY') OR EXISTS (SELECT 1 FROM drill WHERE next_run_at <= dr_now()) AS open`,
  );
  return rows[0]?.open ?? true;
}
