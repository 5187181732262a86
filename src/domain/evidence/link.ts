import { encodeId } from "../ids.ts";
import type { LinkKind } from "../signed-link.ts";

export const packLink: LinkKind = {
  purpose: "evidence-pack",
  path: (recoveryId) => `/recoveries/${encodeId("Recovery", recoveryId)}/evidence.zip`,
};
