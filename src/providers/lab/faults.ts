/** What shall go wrong at the lab's sites. Stored there, so that the lab of another process obeys too. */
import type { Pool } from "pg";
import type { EffectKind, FailureClass, Heartbeat, ProviderErrorCode } from "../contract.ts";
import { watchArrivals } from "./arrivals.ts";

export type CallKind =
  | EffectKind
  | "observe"
  | "cancel"
  | "vmStatus"
  | "artefacts"
  | "recoveryPoints"
  | "capabilities"
  | "inventory"
  | "heartbeat";

/** Which calls a fault hits. What is left out means any; `skip` calls pass first, then `times` calls are hit. */
export interface Aim {
  readonly site?: string;
  readonly kind?: CallKind;
  /** A name or id of what the call acts on: VM (a run's own by the name it is registered with), source VM, group, network, placeholder. */
  readonly target?: string;
  readonly skip?: number;
  /** 1 by default; Infinity for all. */
  readonly times?: number;
}

export interface Failing extends Aim {
  /** TRANSIENT by default. */
  readonly failure?: FailureClass;
  /** CALL (default): the call is refused. END: the effect is taken on and fails when it would have been complete, changing nothing. */
  readonly when?: "CALL" | "END";
  readonly code?: ProviderErrorCode | (string & {});
  readonly message?: string;
}

export interface Held {
  /** When the first call has reached the site and stays there. */
  readonly arrived: Promise<void>;
  /** Lets the held calls go on, and later ones pass. */
  release(): Promise<void>;
}

type Heal = () => Promise<void>;

interface Row extends Aim {
  readonly action:
    | "FAIL"
    | "FAIL_AT_END"
    | "HANG"
    | "HOLD_BEFORE"
    | "HOLD_AFTER"
    | "REFUSE_ALL"
    | "SILENCE_ALL"
    | "NO_HEARTBEAT"
    | "LATENCY"
    | "CUT_LINK"
    | "COMPONENT";
  readonly failure?: FailureClass;
  readonly code?: string;
  readonly message?: string;
  readonly milliseconds?: number;
}

export class Faults {
  readonly #pool: Pool;
  readonly #arrival: (id: string) => Promise<void>;

  constructor(pool: Pool, closing: AbortSignal) {
    this.#pool = pool;
    this.#arrival = watchArrivals(pool, closing);
  }

  async fail({ failure = "TRANSIENT", when = "CALL", code, message, ...aim }: Failing): Promise<Heal> {
    return this.#add({
      ...aim,
      action: when === "CALL" ? "FAIL" : "FAIL_AT_END",
      failure,
      code: code ?? (failure === "TRANSIENT" ? "BUSY" : "REFUSED"),
      message: message ?? "The site can't do it now (an injected fault).",
    });
  }

  /** The call is lost and never answered: it ends with its signal. */
  async hang(aim: Aim): Promise<Heal> {
    return this.#add({ ...aim, action: "HANG" });
  }

  /**
   * The call reaches the site and stays there, BEFORE the site does what it asks or AFTER that, with only the answer held. A caller
   * that gives up does not call it back: released, it is done all the same, if its epoch still counts.
   */
  async hold({ when, ...aim }: Aim & { readonly when: "BEFORE" | "AFTER" }): Promise<Held> {
    const id = await this.#insert({ ...aim, action: when === "BEFORE" ? "HOLD_BEFORE" : "HOLD_AFTER" });
    const arrived = this.#arrival(id);
    arrived.catch(() => undefined);
    return { arrived, release: () => this.#run("UPDATE lab.fault SET released = true WHERE id = $1", [id]) };
  }

  /** No call gets through: refused at once, or (SILENT) never answered. Nor can groups be synchronised from there. */
  async partition(siteId: string, how: "REFUSED" | "SILENT" = "REFUSED"): Promise<Heal> {
    return this.#add({ site: siteId, action: how === "REFUSED" ? "REFUSE_ALL" : "SILENCE_ALL", times: Infinity });
  }

  /**
   * The site is gone: no call gets through, and its VMs are off at once, whatever was under way. Healed, it is back, and what was on and
   * not being shut down starts by itself.
   */
  async lose(siteId: string, how: "REFUSED" | "SILENT" = "REFUSED"): Promise<Heal> {
    const values = [siteId, how === "REFUSED" ? "REFUSE_ALL" : "SILENCE_ALL"];
    const { rows } = await this.#pool.query<{ id: string }>("SELECT lab.lose_site($1, $2) AS id", values);
    return () => this.#run("SELECT lab.return_site($1)", [rows[0]?.id]);
  }

  /** Both sites answer, and neither reaches the other: nothing is copied between them. */
  async cutLink(siteId: string, otherSiteId: string): Promise<Heal> {
    return this.#add({ site: siteId, target: otherSiteId, action: "CUT_LINK" });
  }

  /** The site does not answer its next heartbeats, and everything else as ever. */
  async missHeartbeats(siteId: string, times: number): Promise<Heal> {
    return this.fail({
      site: siteId,
      kind: "heartbeat",
      times,
      code: "SITE_UNREACHABLE",
      message: "The heartbeat was lost (an injected fault).",
    });
  }

  /** An array manager or a replication server is in this state; as one site tells it, or (no site) both. */
  async component(name: string, state: Heartbeat["components"][number]["state"], site?: string): Promise<Heal> {
    return this.#add({ target: name, code: state, ...(site === undefined ? {} : { site }), action: "COMPONENT" });
  }

  /** The guest of this VM (id or name, also of a VM that is yet to be made) reports no more. */
  async loseHeartbeat(vm: string, site?: string): Promise<Heal> {
    return this.#add({ target: vm, ...(site === undefined ? {} : { site }), action: "NO_HEARTBEAT" });
  }

  /** The VM can be ordered to power on, and never comes up: each such operation fails at its end. */
  async neverPowersOn(vm: string): Promise<Heal> {
    const message = "The VM did not power on (an injected fault).";
    return this.fail({ kind: "powerOn", target: vm, times: Infinity, failure: "PERMANENT", when: "END", message });
  }

  /** How long an effect takes from now on, whatever the speed; kind `boot` is the time from power-on to the first heartbeat. */
  async latency(milliseconds: number, aim: { site?: string; kind?: EffectKind | "boot"; target?: string } = {}): Promise<Heal> {
    const { kind, ...rest } = aim;
    const id = await this.#insert({ ...rest, action: "LATENCY", milliseconds, times: Infinity }, kind);
    return this.#remover(id);
  }

  /** Ends all faults; held calls go on, and sites that were lost are back. */
  async clear(): Promise<void> {
    await this.#run("SELECT lab.return_site(id) FROM lab.fault WHERE code = 'LOST'", []);
    await this.#run("DELETE FROM lab.fault", []);
  }

  async #add(row: Row): Promise<Heal> {
    return this.#remover(await this.#insert(row));
  }

  #remover(id: string): Heal {
    return () => this.#run("DELETE FROM lab.fault WHERE id = $1", [id]);
  }

  async #run(text: string, values: readonly unknown[]): Promise<void> {
    await this.#pool.query(text, [...values]);
  }

  async #insert(row: Row, kind: string | undefined = row.kind): Promise<string> {
    const times = row.times ?? 1;
    const { rows } = await this.#pool.query<{ id: string }>(
      `INSERT INTO lab.fault (action, site_id, kind, target, skip, remaining, failure, code, message, milliseconds)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
      [
        row.action,
        row.site,
        kind,
        row.target,
        row.skip ?? 0,
        Number.isFinite(times) ? times : null,
        row.failure,
        row.code,
        row.message,
        row.milliseconds,
      ],
    );
    const id = rows[0]?.id;
    if (id === undefined) throw new Error("The fault was not stored.");
    return id;
  }
}
