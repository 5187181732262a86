import { builder } from "../builder.ts";
import { weekdays } from "./blackout.ts";

export const DrillOutcome = builder.enumType("DrillOutcome", {
  description: "What became of a due time of a drill.",
  values: {
    STARTED: { description: "Its test is under way." },
    SUCCEEDED: { description: "Its test has ended with SUCCESS or WARNING." },
    FAILED: { description: "Its test has ended otherwise: `code` says how." },
    SKIPPED: { description: "It was not started, and is not caught up: `code` says why." },
  } as const,
});

export const DrillCleanupState = builder.enumType("DrillCleanupState", {
  description: "How far the cleanup after a drill's test is.",
  values: {
    NOT_WANTED: { description: "The drill does not clean up by itself: the plan waits for cleanupTest." },
    WAITING: { description: "It follows the test, is under way, or is tried again." },
    DONE: { description: "It has ended well, its leak audit too." },
    FAILED: { description: "It was tried as often as it is, in vain: somebody has to look." },
    LEFT: { description: "A real recovery has gone past the test: what it made waits for somebody's cleanupTest." },
  } as const,
});

export const Weekday = builder.enumType("Weekday", {
  description: "A day of the week.",
  values: Object.fromEntries(weekdays.map((day) => [day, { value: day, description: `${day.charAt(0)}${day.slice(1).toLowerCase()}.` }])),
});
