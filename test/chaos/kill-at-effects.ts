/** The engine dies at each kind of effect: once when the call has reached the site, once when the site has done it. */
import { expect, it } from "vitest";
import type { CallKind, Held } from "../../src/providers/lab/lab.ts";
import { expectNothingLostOrDoubled } from "./expectations.ts";
import { type Scene, tell } from "./story.ts";

export const everyCall: readonly CallKind[] = [
  "synchronise",
  "createIsolatedNetwork",
  "createSnapshot",
  "registerVm",
  "customiseIp",
  "powerOn",
  "vmStatus",
  "runInGuest",
  "powerOff",
  "removeVm",
  "restorePlaceholder",
  "discardSnapshot",
  "removeNetwork",
  "artefacts",
];

/** Kills whenever one of the held calls arrives, until each kind has had its death. */
export async function killAtEach(
  { lab, victim }: Pick<Scene, "lab" | "victim">,
  when: "BEFORE" | "AFTER",
  deaths: CallKind[],
  calls = everyCall,
): Promise<void> {
  let left: { kind: CallKind; held: Held }[] = [];
  for (const kind of calls) left.push({ kind, held: await lab.faults.hold({ kind, when, site: "site-b" }) });
  while (left.length > 0) {
    const arrived = new Set<CallKind>();
    const marks = left.map(({ kind, held }) => held.arrived.then(() => arrived.add(kind)));
    await Promise.race(marks);
    await victim.kill();
    for (const { kind, held } of left) if (arrived.has(kind)) await held.release();
    deaths.push(...arrived);
    left = left.filter(({ kind }) => !arrived.has(kind));
    await victim.start();
  }
}

export function killAtEffects(when: "BEFORE" | "AFTER"): void {
  it(`ends as the undisturbed run does when the engine is killed ${when === "BEFORE" ? "between intent and call" : "between call and result"} of each kind`, async () => {
    const undisturbed = await tell(async () => {});
    const deaths: CallKind[] = [];
    const killed = await tell((scene) => killAtEach(scene, when, deaths));
    expect(new Set(deaths)).toEqual(new Set(everyCall));
    expect(killed.messages).toEqual([]);
    expect(killed.statuses).toEqual(undisturbed.statuses);
    expect(killed.results).toEqual(undisturbed.results);
    expect(killed.effects).toEqual(undisturbed.effects);
    expect(killed.notes[0]).toBe(1);
    expectNothingLostOrDoubled(killed);
  }, 600_000);
}
