import type { StepSpecs } from "../model.ts";
import { failed, type StepContext, type StepKind, succeeded, textOf } from "./kind.ts";

export const createPlaceholder: StepKind<"CREATE_PLACEHOLDER"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "createPlaceholder", request);
  return end.ok ? succeeded(`Placeholder ${request.name}`, { placeholderId: end.result.placeholderId }) : failed(end.message);
};

export const demoteVm: StepKind<"DEMOTE_VM"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "demoteVm", request);
  return end.ok ? succeeded(`Placeholder ${request.name}`, { placeholderId: end.result.placeholderId }) : failed(end.message);
};

export const removePlaceholder: StepKind<"REMOVE_PLACEHOLDER"> = async (spec, context) => {
  const placeholderId = await idOf(spec, context);
  if (placeholderId === null) return succeeded("There is no placeholder");
  const end = await context.effect(spec.site, "removePlaceholder", { placeholderId });
  return end.ok ? succeeded("Placeholder removed") : failed(end.message);
};

/** What was found is recorded before its removal is ordered: asked again, the same key has to mean the same request. */
async function idOf({ site, placeholder }: StepSpecs["REMOVE_PLACEHOLDER"], context: StepContext): Promise<string | null> {
  if ("id" in placeholder) return placeholder.id;
  const known = textOf(context.recorded(), "placeholderId");
  if (known !== null) return known;
  const { madeBy, name } = placeholder;
  const made = await context.ask(site, (provider, signal) => provider.artefacts(site.externalId, madeBy, signal));
  const found = made.find((artefact) => artefact.kind === "PLACEHOLDER" && artefact.name === name);
  if (found === undefined) return null;
  await context.record({ result: { placeholderId: found.id } });
  return found.id;
}
