/** The lab's sites as the engine sees them. What they do is written in sql/; here is only the translation. */
import type {
  Artefact,
  Capabilities,
  EffectCall,
  EffectKind,
  EffectRequest,
  Heartbeat,
  Operation,
  Point,
  Provider,
  VmStatus,
} from "../contract.ts";
import type { Inventory } from "../inventory.ts";
import type { Line, Statement } from "./line.ts";
import { Orders } from "./orders.ts";
import { Questions } from "./questions.ts";

const statement = (name: string, call: string): Statement => ({ name: `lab-${name}`, text: `SELECT ${call} AS reply` });

const statements = {
  capabilities: statement("capabilities", "lab.capabilities($1, $2)"),
  heartbeat: statement("heartbeat", "lab.heartbeat($1, $2, $3)"),
  inventory: statement("inventory", "lab.inventory($1, $2)"),
  observe: statement("observe", "lab.observe($1, $2, $3, $4, $5)"),
  cancel: statement("cancel", "lab.cancel($1, $2, $3, $4, $5)"),
  vmStatus: statement("vm-status", "lab.vm_status($1, $2, $3)"),
  artefacts: statement("artefacts", "lab.artefacts($1, $2, $3)"),
  recoveryPoints: statement("recovery-points", "lab.recovery_points($1, $2, $3)"),
};

type Owner = Pick<EffectCall, "runId" | "epoch" | "signal">;

export class LabProvider implements Provider {
  readonly name = "lab";
  readonly version = "1";
  readonly #line: Line;
  readonly #orders: Orders;
  readonly #heartbeats: Questions;
  readonly #observations: Questions;
  readonly #statuses: Questions;

  constructor(line: Line) {
    this.#line = line;
    this.#orders = new Orders(line);
    this.#heartbeats = new Questions(line, "heartbeat", statements.heartbeat);
    this.#observations = new Questions(line, "observe", statements.observe);
    this.#statuses = new Questions(line, "vmStatus", statements.vmStatus);
  }

  capabilities(siteId: string, signal: AbortSignal): Promise<Capabilities> {
    return this.#line.ask(statements.capabilities, [siteId], signal);
  }

  heartbeat(siteId: string, peerSiteId: string, signal: AbortSignal): Promise<Heartbeat> {
    return this.#heartbeats.ask([siteId, peerSiteId], signal);
  }

  inventory(siteId: string, signal: AbortSignal): Promise<Inventory> {
    return this.#line.ask(statements.inventory, [siteId], signal);
  }

  order<K extends EffectKind>(siteId: string, kind: K, request: EffectRequest<K>, call: EffectCall): Promise<Operation<K>> {
    return this.#orders.order(siteId, kind, request, call);
  }

  async observe(siteId: string, keys: readonly string[], call: Owner): Promise<ReadonlyMap<string, Operation>> {
    const values = [siteId, keys, call.runId, call.epoch.toString()];
    const operations = await this.#observations.ask<Record<string, Operation>>(values, call.signal);
    return new Map(Object.entries(operations));
  }

  cancel(siteId: string, key: string, call: Owner): Promise<void> {
    return this.#line.ask(statements.cancel, [siteId, key, call.runId, call.epoch], call.signal);
  }

  async vmStatus(siteId: string, vmIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, VmStatus>> {
    const found = await this.#statuses.ask<readonly VmStatus[]>([siteId, vmIds], signal);
    return new Map(found.map((status) => [status.vmId, status]));
  }

  artefacts(siteId: string, runId: string, signal: AbortSignal): Promise<readonly Artefact[]> {
    return this.#line.ask(statements.artefacts, [siteId, runId], signal);
  }

  recoveryPoints(siteId: string, groupId: string, signal: AbortSignal): Promise<readonly Point[]> {
    return this.#line.ask(statements.recoveryPoints, [siteId, groupId], signal);
  }
}
