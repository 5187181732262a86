/** A gateway with an engine behind it and what a file describes, asked as any client asks: by the public API, with every role. */
import { idOf } from "../../src/domain/ids.ts";
import { defaultQuotas } from "../../src/domain/quotas.ts";
import { roles } from "../../src/domain/viewer.ts";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { importFile } from "../../src/import/import-file.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { at, text } from "../domain/read/support.ts";
import { someFiles } from "../import/stage.ts";
import { freshDatabase, type TestDatabase } from "./database.ts";
import { aNode } from "./node.ts";
import { aUser, type RealGateway, type RealGatewayOptions, realGateway } from "./real-gateway.ts";
import { ended, type ReadRun } from "./run.ts";

export interface PublicStage extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly lab: Lab;
  readonly gateway: RealGateway;
  /** The global id of the first of the file's plans. */
  readonly planId: string;
  /** The data; throws what the API answers in its place. */
  ask(query: string, variables?: object): Promise<unknown>;
  /** What a mutation of this name answers: its payload, or its error's code and message. */
  mutate(name: string, input: object, fields: string): Promise<unknown>;
  /** Starts a run, and waits for its end. */
  run(mutation: string, input: object): Promise<ReadRun & { readonly recoveryId: string }>;
  end(recoveryId: string): Promise<ReadRun>;
  /** What the gateway's timer does every so often: drills that are due, and what follows from those that were started. */
  drillRound(): Promise<void>;
}

export async function aPublicStage(
  file: object,
  settings: Partial<EngineSettings> = {},
  given: Pick<RealGatewayOptions, "notifications" | "log"> = {},
): Promise<PublicStage> {
  await using closing = new AsyncDisposableStack();
  const db = await freshDatabase();
  closing.defer(() => db.drop());
  const { database } = db;
  const lab = closing.use(await openLab({ url: db.url, speed: "instant", guestServices: false }));
  const files = await someFiles();
  closing.defer(() => files.remove());
  await importFile({ database, lab, quotas: defaultQuotas, path: await files.write(file) });
  const providers = new Map([["lab", lab.provider]]);
  closing.use(await aNode(database, lab.provider, settings, undefined, given.log));
  const gateway = closing.use(await realGateway(database, { ...given, providers, maxQueryCost: 5_000_000 }));
  await aUser(database, "ada", roles);
  const headers = { "session-token": await gateway.signIn("ada") };

  async function ask(query: string, variables: object = {}): Promise<unknown> {
    const { data, errors } = await gateway.ask(query, variables, headers);
    if (errors?.length || !data) throw new Error(JSON.stringify(errors));
    return data;
  }
  async function mutate(name: string, input: object, fields: string): Promise<unknown> {
    const type = name.charAt(0).toUpperCase() + name.slice(1);
    const query = `mutation ($input: ${type}Input!) { ${name}(input: $input) { ... on ${type}Payload { ${fields} } ... on Error { code message remedy } } }`;
    return at(await ask(query, { input }), name);
  }
  const end = (recoveryId: string) => ended(database, idOf("Recovery", recoveryId), 60);
  const planId = text(await ask("{ recoveryPlans(first: 1) { nodes { id } } }"), "recoveryPlans.nodes.0.id");
  const rest = closing.move();
  return {
    db,
    lab,
    gateway,
    planId,
    ask,
    mutate,
    end,
    drillRound: () => gateway.services.drills.round(),
    async run(mutation, input) {
      const answer = await mutate(mutation, input, "recovery { id }");
      if (at(answer, "recovery") === undefined) throw new Error(`${mutation} is refused: ${JSON.stringify(answer)}`);
      const recoveryId = text(answer, "recovery.id");
      return { recoveryId, ...(await end(recoveryId)) };
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}
