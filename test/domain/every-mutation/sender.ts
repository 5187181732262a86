/** Sends mutations as a client does, and remembers which of them have done something. */
import { getNamedType, isLeafType, isObjectType } from "graphql";
import { schema } from "../../../src/domain/schema.ts";
import type { PublicStage } from "../../support/public-stage.ts";
import { until } from "../../support/run.ts";
import { at, list as listOf, text } from "../read/support.ts";

export interface Sender {
  /** Names of mutations that were answered with their payload. */
  readonly sent: ReadonlySet<string>;
  /** The payload: its scalars, and of its objects what `more` says beside their ids. An error is thrown. */
  send(name: string, input?: object, more?: string): Promise<unknown>;
  /** Asks until the answer is so. */
  waitFor(query: string, variables: object, isSo: (answer: unknown) => boolean): Promise<unknown>;
  /** Of the one of this name in a list of the API. */
  idOf(list: string, name: string): Promise<string>;
}

export function aSender(stage: PublicStage): Sender {
  const sent = new Set<string>();
  return {
    sent,
    async send(name, input, more = "") {
      const of = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      const [variable, argument] = input === undefined ? ["", ""] : [`($input: ${of}Input!)`, "(input: $input)"];
      const query = `mutation ${variable} { ${name}${argument} { __typename ... on ${of}Payload { ${selectionOf(`${of}Payload`, more)} }
        ... on Error { code message remedy } ... on InvalidRequestError { fieldErrors { path message } } } }`;
      const answer = at(await stage.ask(query, { input }), name);
      if (at(answer, "__typename") !== `${of}Payload`) throw new Error(`${name}: ${JSON.stringify(answer)}`);
      sent.add(name);
      return answer;
    },
    waitFor: (query, variables, isSo) =>
      until(async () => {
        const answer = await stage.ask(query, variables);
        return isSo(answer) && answer;
      }, query),
    async idOf(list, name) {
      const nodes = listOf(await stage.ask(`{ found: ${list} { nodes { id name } } }`), "found.nodes");
      return text(
        nodes.find((node) => at(node, "name") === name),
        "id",
      );
    },
  };
}

function selectionOf(payload: string, more: string): string {
  const type = schema.getType(payload);
  if (!isObjectType(type)) throw new Error(`There is no ${payload}.`);
  const fields = Object.values(type.getFields()).map((field) => {
    const of = getNamedType(field.type);
    if (isLeafType(of)) return field.name;
    const hasId = isObjectType(of) && "id" in of.getFields();
    return `${field.name} { ${hasId ? "id" : "__typename"} }`;
  });
  return [...fields, more].join(" ");
}
