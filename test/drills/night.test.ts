/** A night and a morning of the year that `npm run test:drills` plays: those in which Berlin's clock goes on. */
import { expect, it } from "vitest";
import { chance } from "../support/chance.ts";
import { judge } from "./judge.ts";
import { play } from "./play.ts";
import { aWorld } from "./world.ts";

const [from, until] = [Date.parse("2028-03-25T23:00:30Z"), Date.parse("2028-03-26T14:00:00Z")];

it("drills are neither lost nor doubled while gateways die between their statements, and each is explained", {
  timeout: 60_000,
}, async () => {
  await using world = await aWorld(from);
  const played = await play(world, chance(22), from, until);
  const tally = await judge(world, from, played);
  expect(tally).toMatchObject({ SUCCEEDED: expect.any(Number), BLACKOUT: expect.any(Number) });
  expect(played.deaths.length).toBeGreaterThan(0);
});
