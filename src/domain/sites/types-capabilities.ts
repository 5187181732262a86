/** What a site's provider can do there, as it last said. */
import { z } from "zod";
import type { Capabilities } from "../../providers/contract.ts";
import { builder } from "../builder.ts";
import { SiteRef } from "./types.ts";

/** As the row has them; a release before may have written less. */
const stored: z.ZodType<Capabilities> = z.object({
  ipCustomisation: z.enum(["BEFORE_POWER_ON", "AFTER_POWER_ON", "NONE"]),
  guestCommands: z.boolean(),
  folders: z.boolean(),
  resourcePools: z.boolean(),
  minimumRpoMinutes: z.int(),
  maximumPointInTimeInstances: z.int(),
});

const IpCustomization = builder.enumType("IpCustomizationSupport", {
  description: "Whether recovered VMs can be given other addresses.",
  values: {
    BEFORE_POWER_ON: { description: "Yes, before they are powered on." },
    AFTER_POWER_ON: { description: "Yes, with the help of the running guest." },
    NONE: { description: "No." },
  } as const,
});

const SiteCapabilities = builder.objectRef<Capabilities>("SiteCapabilities").implement({
  description: "What a site's provider can do there. What a VM needs and a provider lacks is among its `configurationReasons`.",
  fields: (t) => ({
    ipCustomization: t.expose("ipCustomisation", { type: IpCustomization, description: "Whether it can change addresses, and when." }),
    guestCommands: t.exposeBoolean("guestCommands", { description: "It can run programs in guests." }),
    folders: t.exposeBoolean("folders", { description: "It has folders; without them no VM needs a mapping of its folder." }),
    resourcePools: t.exposeBoolean("resourcePools", {
      description: "It has resource pools; without them no VM needs a mapping of its pool.",
    }),
    minimumRpoMinutes: t.exposeInt("minimumRpoMinutes", { description: "The smallest RPO that it can keep, in minutes." }),
    maximumPointInTimeInstances: t.exposeInt("maximumPointInTimeInstances", {
      description: "So many recovery points of a group it can keep at most.",
    }),
  }),
});

builder.objectField(SiteRef, "capabilities", (t) =>
  t.field({
    type: SiteCapabilities,
    nullable: true,
    description: "What its provider can do there, as it last said; null: it has not been asked yet.",
    resolve: ({ capabilities }) => stored.safeParse(capabilities).data ?? null,
  }),
);
