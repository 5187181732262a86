import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import { nothing, type Rows } from "./row.ts";
import { vmNamed } from "./tasks.ts";

const settingsQuery = `query ($id: ID!) { vm(id: $id) { recoverySettings { version priority startupDelaySeconds shutdownDelaySeconds skipGuestShutdown powerOnAfterRecovery
  dependsOnVms { name } ipCustomizationEnabled ipCustomizationRules { nicIndex sourceIp targetIp prefixLength targetGateway targetDnsServers targetDnsSuffix }
  commands { phase command arguments timeoutSeconds runInGuest guestUsername passwordSecretId } }
  networkMappings { sourceNetwork { name } targetNetwork { name } testNetwork { name } } } }`;
const vmById = async (api: Api, id: string): Promise<Json> => (await api.ask(settingsQuery, { id })).vm;
const paths = (error: Json): string[] => error.fieldErrors.map(({ path }: Json) => path.join("."));

const networks = async (api: Api): Promise<Record<string, string>> => {
  const { networks: found } = await api.ask("{ networks(first: 100) { nodes { id name } } }");
  return Object.fromEntries(found.nodes.map(({ id, name }: Json) => [name, id]));
};

const rule = { nicIndex: 0, sourceIp: "10.0.1.120", targetIp: "10.0.2.222", targetSubnetMask: "255.255.255.0", targetGateway: "10.0.2.1" };
const dns = { targetDnsServers: ["10.0.2.10", "10.0.2.11"], targetDnsSuffix: "recovery.example.com" };

export const settingRows: Rows = {
  "VM recovery settings: priority, delays, skip guest shutdown, power on, depends_on_vms, IP customisation, pre/post commands, guest credentials by secret id":
    {
      good: [
        [
          "everything that the reference sets is set, and shown again",
          async (api) => {
            const { id } = await vmNamed(api, "web-server-02");
            const first = await vmNamed(api, "web-server-01");
            const plain = {
              priority: "HIGH",
              startupDelaySeconds: 60,
              shutdownDelaySeconds: 300,
              skipGuestShutdown: true,
              powerOnAfterRecovery: true,
            };
            const input = {
              vmId: id,
              ...plain,
              dependsOnVmIds: [first.id],
              ipCustomization: { enabled: true, rules: [{ ...rule, ...dns }] },
              prePowerOnCommands: [{ command: "/scripts/pre-start.sh", timeoutSeconds: 120 }],
              postPowerOnCommands: [
                {
                  command: "C:\\scripts\\post-start.bat",
                  timeoutSeconds: 300,
                  runInGuest: true,
                  guestCredentials: { username: "administrator", passwordSecretId: "secret-001" },
                },
              ],
            };
            await api.change("configureVmRecoverySettings", input, "vm { id }");
            const { recoverySettings } = await vmById(api, id);
            expect(recoverySettings).toMatchObject({ ...plain, dependsOnVms: [{ name: "web-server-01" }], ipCustomizationEnabled: true });
            expect(recoverySettings.ipCustomizationRules).toMatchObject([
              { nicIndex: 0, targetIp: "10.0.2.222", prefixLength: 24, ...dns },
            ]);
            expect(recoverySettings.commands).toMatchObject([
              { phase: "PRE_POWER_ON", command: "/scripts/pre-start.sh", runInGuest: false },
              { phase: "POST_POWER_ON", runInGuest: true, guestUsername: "administrator", passwordSecretId: "secret-001" },
            ]);
            const nothingSet = {
              prePowerOnCommands: [],
              postPowerOnCommands: [],
              dependsOnVmIds: [],
              ipCustomization: { enabled: false, rules: [] },
            };
            await api.change("configureVmRecoverySettings", { vmId: id, ...nothingSet, startupDelaySeconds: null }, "vm { id }");
            expect((await vmById(api, id)).recoverySettings).toMatchObject({
              priority: "HIGH",
              startupDelaySeconds: 0,
              commands: [],
              dependsOnVms: [],
            });
          },
        ],
      ],
      bad: [
        [
          "a delay out of range, an address that is none and a guest's command before power-on are field errors with their paths",
          async (api) => {
            const { id: vmId } = await vmNamed(api, "web-server-02");
            const before = await vmById(api, vmId);
            const refused = async (input: object) => paths(await api.refused("configureVmRecoverySettings", { vmId, ...input }));
            expect(await refused({ startupDelaySeconds: -1 })).toEqual(["startupDelaySeconds"]);
            const wrong = { enabled: true, rules: [{ ...rule, targetIp: "10.0.2.300" }] };
            expect(await refused({ ipCustomization: wrong })).toContain("ipCustomization.rules.0.targetIp");
            const guest = { command: "x", runInGuest: true, guestCredentials: { username: "a", passwordSecretId: "b" } };
            expect(await refused({ prePowerOnCommands: [guest] })).toEqual(["prePowerOnCommands.0.runInGuest"]);
            expect(await vmById(api, vmId)).toEqual(before);
          },
        ],
        [
          "VMs that would wait for each other are refused with the cycle, a VM that is none is NOT_FOUND",
          async (api) => {
            const database = await vmNamed(api, "db-server-01");
            const web = await vmNamed(api, "web-server-01");
            const error = await api.refused("configureVmRecoverySettings", { vmId: database.id, dependsOnVmIds: [web.id] });
            expect(error).toMatchObject({ message: expect.stringContaining("web-server-01") });
            expect(error.code).toMatch(/INVALID_REQUEST|CONFLICT/);
            const unknown = { vmId: nothing("VirtualMachine"), priority: "LOW" };
            expect(await api.refused("configureVmRecoverySettings", unknown)).toMatchObject({
              code: "NOT_FOUND",
              resource: "VirtualMachine",
            });
          },
        ],
      ],
    },
  "VM network mappings": {
    good: [
      [
        "a VM's own mapping is set with its test network, and taken away",
        async (api) => {
          const { id: vmId } = await vmNamed(api, "web-server-03");
          const {
            "VM Network": sourceNetworkId,
            "DR-Production-DVS": targetNetworkId,
            "Isolated-Test-Network": testNetworkId,
          } = await networks(api);
          const networkMappings = [{ sourceNetworkId, targetNetworkId, testNetworkId }];
          await api.change("configureVmNetworkMappings", { vmId, networkMappings }, "vm { id }");
          expect((await vmById(api, vmId)).networkMappings).toEqual([
            {
              sourceNetwork: { name: "VM Network" },
              targetNetwork: { name: "DR-Production-DVS" },
              testNetwork: { name: "Isolated-Test-Network" },
            },
          ]);
          await api.change("configureVmNetworkMappings", { vmId, networkMappings: [] }, "vm { id }");
          expect((await vmById(api, vmId)).networkMappings).toEqual([]);
        },
      ],
    ],
    bad: [
      [
        "a network at the wrong site is a field error with its path",
        async (api) => {
          const { id: vmId } = await vmNamed(api, "web-server-03");
          const { "VM Network": sourceNetworkId, "Production-DVS": targetNetworkId } = await networks(api);
          const error = await api.refused("configureVmNetworkMappings", { vmId, networkMappings: [{ sourceNetworkId, targetNetworkId }] });
          expect(paths(error)).toEqual(["networkMappings.0.targetNetworkId"]);
        },
      ],
    ],
  },
};
