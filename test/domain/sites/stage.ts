/** Lab sites that the database does not know yet, and somebody who sends mutations to the schema. */
import type { Context } from "../../../src/domain/context.ts";
import type { Role } from "../../../src/domain/viewer.ts";
import type { Lab } from "../../../src/providers/lab/lab.ts";
import { aLab, type LabSites, labSites } from "../../support/lab.ts";
import { operator } from "../../support/node.ts";
import { servicesOf } from "../../support/services.ts";
import { type Asker, anAsker, at, text } from "../read/support.ts";

export interface Stage {
  readonly asker: Asker;
  readonly lab: Lab;
  readonly sites: LabSites;
  /** What has been announced so far, and the changes in the log. */
  changes(): Promise<readonly { readonly kind: string; readonly id: string; readonly change: string; readonly name?: string }[]>;
  /** The answer of the union: its typename, what is selected of the payload, or the error's fields. */
  run(mutation: string, input: Record<string, unknown>, selection?: string, roles?: readonly Role[]): Promise<unknown>;
  /** Registers both sites of the lab, and pairs them. */
  registered(): Promise<{ readonly protectedSite: string; readonly recoverySite: string; readonly pairing: string }>;
  close(): Promise<void>;
}

const upperFirst = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

const errors = `... on Error { code message remedy } ... on InvalidRequestError { fieldErrors { path message } }
  ... on ConflictError { version activeRecoveryId } ... on PreconditionFailedError { reason } ... on NotFoundError { resource }`;

export async function aStage(vms = 3): Promise<Stage> {
  const asker = await anAsker();
  const sites = labSites({ vms });
  const lab = await aLab(asker.url, sites);
  const services = servicesOf(asker.database, { providers: new Map([["lab", lab.provider]]) });
  const context = (roles: readonly Role[]): Context => ({
    ...asker.context(),
    services,
    viewer: { ...operator, roles: new Set(roles) },
  });
  const run: Stage["run"] = async (mutation, input, selection = "__typename", roles = ["ADMIN", "EDITOR"]) => {
    const type = upperFirst(mutation);
    const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename ... on ${type}Payload { ${selection} } ${errors} } }`;
    const answer = await asker.answer(query, { input }, context(roles));
    if (answer.errors?.[0]) throw answer.errors[0].originalError ?? answer.errors[0];
    return at(JSON.parse(JSON.stringify(answer.data)), mutation);
  };
  const register = async (externalId: string, type: string) => {
    const input = { name: externalId, type, provider: "lab", externalId };
    return text(await run("registerSite", input, "site { id }"), "site.id");
  };
  return {
    asker,
    lab,
    sites,
    run,
    changes: async () => {
      const { rows } = await asker.database.pool.query(
        "SELECT payload FROM event WHERE recovery_id IS NULL AND kind <> 'AUDIT_RECORDED' ORDER BY position",
      );
      return rows.map(({ payload }) => payload);
    },
    registered: async () => {
      const protectedSite = await register(sites.protectedSite, "PROTECTED");
      const recoverySite = await register(sites.recoverySite, "RECOVERY");
      const pairing = text(
        await run("pairSites", { localSiteId: protectedSite, remoteSiteId: recoverySite }, "pairing { id }"),
        "pairing.id",
      );
      return { protectedSite, recoverySite, pairing };
    },
    close: async () => {
      await lab.close();
      await asker.drop();
    },
  };
}
