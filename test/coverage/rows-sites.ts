import { expect } from "vitest";
import type { Json } from "./api.ts";
import { notAnId, nothing, type Rows } from "./row.ts";

const sites = `{ sites { totalCount nodes { id name type state vcenterServer vcenterVersion srmServer srmVersion
  pairing { localSite { name } remoteSite { name } pairingState connectionState lastHeartbeatAt replicationHealth
    arrayManagers { name type state replicatedDevices } replicationServers { name state replicatedVms } }
  summary { protectionGroupsCount recoveryPlansCount protectedVmsCount placeholderVmsCount lastTestDate rpoViolationsCount issuesCount } } } }`;

export const siteRows: Rows = {
  "sites, pairing status with array managers and replication servers, summary": {
    good: [
      [
        "both sites are listed with their versions, their pairing and their figures",
        async (api) => {
          const { nodes, totalCount } = (await api.ask(sites)).sites;
          expect(totalCount).toBe(2);
          const primary = nodes.find(({ name }: Json) => name === "Primary-Site");
          expect(primary).toMatchObject({ type: "PROTECTED", state: "CONNECTED", vcenterVersion: "8.0.1", srmVersion: "8.6.0" });
          expect(primary.pairing).toMatchObject({
            localSite: { name: "Primary-Site" },
            remoteSite: { name: "Recovery-Site" },
            pairingState: "PAIRED",
            connectionState: "CONNECTED",
            arrayManagers: [{ name: "NetApp-SRA", type: "SAN", state: "CONNECTED" }],
            replicationServers: [{ name: "vSphere-Replication-Server", state: "CONNECTED" }],
          });
          expect(primary.summary).toMatchObject({
            protectionGroupsCount: 3,
            protectedVmsCount: 15,
            recoveryPlansCount: 1,
            rpoViolationsCount: 0,
          });
        },
      ],
    ],
    bad: [
      [
        "an id that is none is INVALID_REQUEST, one of nothing gives null",
        async (api) => {
          const one = "query ($id: ID!) { site(id: $id) { name } }";
          expect(await api.failed(one, { id: notAnId })).toMatchObject({ code: "INVALID_REQUEST", status: 400 });
          expect(await api.ask(one, { id: nothing("Site") })).toEqual({ site: null });
        },
      ],
    ],
  },
};
