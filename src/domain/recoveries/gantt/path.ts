/** Where the gateway serves it. */
export const ganttPath = (globalId: string): string => `/recoveries/${globalId}/gantt.svg`;
