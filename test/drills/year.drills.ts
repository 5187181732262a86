/** `npm run test:drills`: a whole year, leap day and all. */
import { expect, it } from "vitest";
import { chance } from "../support/chance.ts";
import { judge } from "./judge.ts";
import { play } from "./play.ts";
import { settings } from "./settings.ts";
import { aWorld } from "./world.ts";

const from = Date.parse("2028-01-01T00:00:30Z");
const until = from + settings.days * 86_400_000;

it(`${settings.days} days of drills with seed ${settings.seed}: none lost, none doubled, each explained`, {
  timeout: 3_600_000,
}, async () => {
  await using world = await aWorld(from);
  const began = performance.now();
  const played = await play(world, chance(settings.seed), from, until);
  const tally = await judge(world, from, played);
  const { deaths, outages, looks } = played;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `seed ${settings.seed}: ${JSON.stringify(tally)}; ${deaths.length} deaths at ${new Set(deaths).size} places, ${outages} outages, ${looks} looks, ${seconds} s`,
  );
  if (settings.days < 366) return; // so much does not happen in a part of it
  expect(Object.keys(tally)).toEqual(
    expect.arrayContaining(["SUCCEEDED", "TEST_FAILED", "TIMED_OUT", "MISSED", "BLACKOUT", "LAG_TOO_HIGH"]),
  );
  expect(Object.keys(tally)).toEqual(expect.arrayContaining(["SITE_UNAVAILABLE", "PLAN_BUSY", "TEST_ON_PAIR"]));
});
