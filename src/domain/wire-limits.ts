/** What the gateway holds every operation to. */
export interface WireLimits {
  readonly cost: number;
  readonly streamsPerSession: number;
  readonly depth: number;
  readonly tokens: number;
  readonly aliases: number;
  readonly directives: number;
  readonly queryFields: number;
  readonly mutationFields: number;
  readonly bodyBytes: number;
  readonly messageBytes: number;
  readonly operationsPerSocket: number;
  readonly socketsPerAddress: number;
}
