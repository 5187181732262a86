import { failed, type StepKind, succeeded } from "./kind.ts";

export const createTestNetwork: StepKind<"CREATE_TEST_NETWORK"> = async ({ site, name }, context) => {
  const end = await context.effect(site, "createIsolatedNetwork", { name });
  return end.ok ? succeeded(`Isolated network ${name}`, { networkId: end.result.networkId }) : failed(end.message);
};
