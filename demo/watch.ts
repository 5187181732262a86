/** Follows a recovery's events to its end, over graphql-ws, and checks as it goes that none is missing and none comes twice. */
import { type Delivery, follow } from "../client/follow.ts";
import type { Api } from "./api.ts";
import type { Screen } from "./screen.ts";

export interface StreamEvent {
  readonly __typename: string;
  readonly sequence: number;
  readonly occurredAt: string;
  readonly number?: string;
  readonly name?: string;
  readonly status?: string;
  readonly message?: string | null;
  readonly text?: string;
  readonly progressPercent?: number;
  readonly currentStep?: string | null;
  readonly state?: string;
  readonly pausedReason?: string | null;
  readonly resultState?: string;
  readonly prompt?: { readonly id: string } | null;
  readonly promptMessage?: string;
  readonly answer?: string | null;
  readonly by?: string | null;
}

interface Batch extends Delivery {
  readonly events: readonly StreamEvent[];
}

const subscription = `subscription Watch($recoveryId: ID!, $after: String) {
  recoveryEvents(recoveryId: $recoveryId, after: $after) {
    cursor
    events {
      __typename sequence occurredAt
      ... on StepChangedEvent { number name status message }
      ... on CommandOutputEvent { number text }
      ... on ProgressEvent { progressPercent currentStep }
      ... on RecoveryStateChangedEvent { state pausedReason }
      ... on PromptOpenedEvent { name prompt { id } promptMessage: message }
      ... on PromptAnsweredEvent { answer by }
      ... on RecoveryEndedEvent { state resultState }
    }
  }
}`;

export interface Watched {
  readonly events: number;
  /** Each of them ended once. */
  readonly steps: number;
  readonly reconnects: number;
  readonly resultState: string;
}

export interface Watch {
  readonly recoveryId: string;
  onPrompt(promptId: string, message: string): void;
  onEvent?(event: StreamEvent): void;
}

export async function watch(api: Api, screen: Screen, { recoveryId, onPrompt, onEvent }: Watch): Promise<Watched> {
  const started = new Map<string, number>();
  const ends = new Map<string, number>();
  let last = 0;
  let reconnects = 0;
  let resultState = "";
  const show = (event: StreamEvent): void => {
    if (event.sequence !== last + 1)
      throw new Error(`After event ${last} came event ${event.sequence}: the stream has a gap or repeats itself`);
    last = event.sequence;
    const at = Date.parse(event.occurredAt);
    if (event.__typename === "StepChangedEvent") {
      const { number = "", name = "", status = "", message = null } = event;
      if (status === "RUNNING" && !started.has(number)) started.set(number, at);
      if (!["PENDING", "RUNNING", "WAITING"].includes(status)) ends.set(number, (ends.get(number) ?? 0) + 1);
      const begun = started.get(number);
      const seconds = status === "RUNNING" || begun === undefined ? null : (at - begun) / 1000;
      screen.step({ path: number, name, status, message, seconds });
    }
    if (event.__typename === "ProgressEvent") screen.progress(`${event.progressPercent} %  ${event.currentStep ?? ""}`);
    if (event.__typename === "PromptOpenedEvent" && event.prompt) onPrompt(event.prompt.id, event.promptMessage ?? "");
    if (event.__typename === "PromptAnsweredEvent" && event.answer)
      screen.say(`  prompt answered ${event.answer} by ${event.by ?? "its time-out"}`);
    if (event.__typename === "CommandOutputEvent") for (const line of (event.text ?? "").trimEnd().split("\n")) screen.say(`  | ${line}`);
    if (event.__typename === "RecoveryEndedEvent") resultState = event.resultState ?? "";
    onEvent?.(event);
  };
  await follow<Batch>({
    url: `${api.url.replace(/^http/, "ws")}/graphql`,
    query: subscription,
    variables: { recoveryId },
    token: api.token,
    onBatch: ({ events }) => events.forEach(show),
    onReconnect: () => {
      reconnects++;
    },
  });
  screen.settle();
  const doubled = [...ends].filter(([, count]) => count > 1).map(([number]) => number);
  if (doubled.length > 0) throw new Error(`These steps ended more than once: ${doubled.join(", ")}`);
  return { events: last, steps: ends.size, reconnects, resultState };
}
