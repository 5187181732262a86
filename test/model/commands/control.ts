/** What people do with a run that is under way, and with two machines of one VM. */
import fc from "fast-check";
import { idOf } from "../../../src/domain/ids.ts";
import { openRunOf, type RunLook } from "../look.ts";
import { type Model, planAt } from "../model.ts";
import { mostly, noteFollower } from "./begin.ts";
import { asTold, type Command, command } from "./command.ts";

const plan = fc.nat(1);

const runOf = (model: Model, index: number): RunLook | null => openRunOf(model.look, planAt(model, index).id);

const tell = (mutation: string, operation: string, when: (run: RunLook) => boolean): fc.Arbitrary<Command> =>
  plan.map((index) =>
    command({
      name: `${mutation} of plan ${index}`,
      can: (model) => {
        const run = runOf(model, index);
        return run !== null && when(run);
      },
      async act(model, { client, gid }) {
        const sent = await client.send(mutation, "__typename", { recoveryId: gid("Recovery", runOf(model, index)?.id ?? "") });
        asTold(mutation, planAt(model, index).operations.get(operation), sent);
      },
    }),
  );

export const cancel = tell("cancelRecovery", "CANCEL_RECOVERY", () => true);
export const pause = tell("pauseRecovery", "PAUSE_RECOVERY", () => true);
export const resume = tell("resumeRecovery", "RESUME_RECOVERY", () => true);

/** A planned run goes on as a disaster recovery. */
export const switchToDisaster: fc.Arbitrary<Command> = fc.record({ plan, acceptUnfenced: mostly }).map((wish) =>
  command({
    name: `switch plan ${wish.plan} to disaster, ${wish.acceptUnfenced ? "unfenced if need be" : "fenced"}`,
    can: (model) => runOf(model, wish.plan)?.kind === "PLANNED",
    async act(model, world) {
      const run = runOf(model, wish.plan);
      if (run === null) return;
      const input = { recoveryId: world.gid("Recovery", run.id), acceptUnfenced: wish.acceptUnfenced };
      const sent = await world.client.send("switchToDisaster", "followerId", input);
      asTold("switchToDisaster", planAt(model, wish.plan).operations.get("SWITCH_TO_DISASTER"), sent);
      if (sent.ok) await noteFollower(model, world, run.id, idOf("Recovery", sent.payload.followerId));
    },
  }),
);

export const answer: fc.Arbitrary<Command> = fc
  .record({ plan, answer: fc.constantFrom("CONTINUE", "CONTINUE", "CONTINUE", "SKIP", "ABORT") })
  .map((wish) =>
    command({
      name: `answer ${wish.answer} of plan ${wish.plan}`,
      can: (model) => (runOf(model, wish.plan)?.openPrompts.length ?? 0) > 0,
      async act(model, { client, gid }) {
        const [promptId = ""] = runOf(model, wish.plan)?.openPrompts ?? [];
        const sent = await client.send("answerPrompt", "__typename", { promptId: gid("Prompt", promptId), answer: wish.answer });
        asTold("answerPrompt", null, sent);
      },
    }),
  );

/** Retried or skipped: one failed step of a run that is paused for it. */
export const decide: fc.Arbitrary<Command> = fc.record({ plan, retry: fc.boolean(), which: fc.nat(5) }).map((wish) =>
  command({
    name: `${wish.retry ? "retry" : "skip"} failure ${wish.which} of plan ${wish.plan}`,
    can: (model) => runOf(model, wish.plan)?.pausedReason === "STEP_FAILED",
    async act(model, { client, gid }) {
      const run = runOf(model, wish.plan);
      const failed = run?.failed ?? [];
      const ordinal = failed[wish.which % failed.length];
      if (run === null || ordinal === undefined) return;
      const stepId = gid("RecoveryStep", `${run.id}/${ordinal}`);
      const sent = await (wish.retry
        ? client.send("retryStep", "__typename", { stepId })
        : client.send("skipStep", "__typename", { stepId, comment: "It has to do without." }));
      asTold("decide", null, sent);
    },
  }),
);

const runsTwice = ({ look }: Model) => look.vms.filter(({ recovered }) => recovered?.bothOnSince != null);

export const resolveSplitBrain: fc.Arbitrary<Command> = fc
  .record({ which: fc.nat(4), keep: fc.constantFrom("RECOVERED", "ORIGINAL") })
  .map((wish) =>
    command({
      name: `resolve split brain ${wish.which} ${wish.keep}`,
      can: (model) => runsTwice(model).length > 0,
      async act(model, world) {
        const found = runsTwice(model);
        const vm = found[wish.which % found.length];
        if (vm === undefined) return;
        await world.client.send("resolveSplitBrain", "__typename", {
          vmId: world.gid("VirtualMachine", vm.id),
          keep: wish.keep,
          comment: "This one is newer.",
        });
        await world.heartbeat();
      },
    }),
  );
