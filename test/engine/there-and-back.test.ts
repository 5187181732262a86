import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator } from "../support/node.ts";
import { aStage, type Scene, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const rowsOf = async (text: string, values: unknown[]) => (await stage.db.database.pool.query(text, values)).rows;

/** What of a plan has to be again as it was: where its groups and VMs are, how they are protected, and what they are told. */
async function standing({ planId, groupIds, vmIds }: Scene) {
  const ids = [...vmIds.values()];
  return {
    plan: await rowsOf("SELECT lifecycle FROM recovery_plan WHERE id = $1", [planId]),
    groups: await rowsOf(
      "SELECT id, name, state, protected_site_id, recovery_site_id, fault_code FROM protection_group WHERE id = ANY($1) ORDER BY id",
      [groupIds],
    ),
    vms: await rowsOf(
      `SELECT v.id, v.name, v.site_id, p.group_id, p.protection_state, p.fault_code, n.name AS network, c.ip_addresses
        FROM virtual_machine v JOIN protected_vm p ON p.vm_id = v.id JOIN vm_nic c ON c.vm_id = v.id LEFT JOIN network n ON n.id = c.network_id
        WHERE v.id = ANY($1) ORDER BY v.id`,
      [ids],
    ),
    settings: await rowsOf("SELECT * FROM vm_recovery_settings WHERE vm_id = ANY($1) ORDER BY vm_id", [ids]),
    recovered: await rowsOf("SELECT vm_id FROM recovered_vm WHERE vm_id = ANY($1)", [ids]),
    uses: await rowsOf("SELECT group_id FROM group_use WHERE group_id = ANY($1)", [groupIds]),
  };
}

/** Mappings belong to a direction: these are of the way back. */
async function mapBack({ pairingId, sites }: Scene): Promise<void> {
  await rowsOf(
    `INSERT INTO network_mapping (id, pairing_id, source_network_id, target_network_id)
      SELECT gen_random_uuid(), $1, a.id, b.id FROM network a, network b WHERE a.name = $2 AND b.name = $3`,
    [pairingId, sites.targetNetwork, sites.sourceNetwork],
  );
}

const planned = async ({ planId, end }: Scene) =>
  end((await stage.node.recoveries.start(operator, { planId, recoveryType: "PLANNED" })).recoveryId);
const reprotected = async ({ planId, end }: Scene) => end((await stage.node.recoveries.startReprotect(operator, { planId })).recoveryId);

describe("there and back", () => {
  it("ends with the data and the settings of the beginning, twice in a row", async () => {
    const scene = await stage.scene({ machines: 2, groups: 2 });
    await mapBack(scene);
    const before = await standing(scene);
    const [first] = scene.vmIds.values();
    const machine = async () => (await rowsOf("SELECT external_id FROM virtual_machine WHERE id = $1", [first]))[0]?.external_id;
    const original = await machine();
    for (let round = 0; round < 2; round++) {
      for (let way = 0; way < 2; way++) {
        expect(await planned(scene)).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
        expect(await reprotected(scene)).toMatchObject({ resultState: "SUCCESS" });
      }
      expect(await standing(scene)).toEqual(before);
    }
    const content = await stage.lab.content(await machine());
    expect(content?.some(({ history }) => history === original)).toBe(true);
  });
});
