import { destination, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** JSON lines on stderr; stdout is for people. Nothing that is logged holds headers, variables or connectionParams. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, destination({ fd: 2, sync: true }));
}
