import type { Services } from "../../../src/domain/context.ts";

const never = () => Promise.reject(new Error("reading asks no service"));

export const noServices: Services = {
  sessions: { create: never, remove: never, authenticate: never, overAmong: never, onRemoved: () => () => {} },
  recoveries: { start: never, cleanup: never, answerPrompt: never, cancel: never, pause: never, resume: never },
};
