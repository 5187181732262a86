import { describe } from "vitest";
import { killAtEffects } from "./kill-at-effects.ts";

describe("a killed engine", () => killAtEffects("AFTER"));
