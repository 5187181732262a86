"""Protects a recovered plan in the other direction, and with --failover moves it before. Ends with 0 if all went well."""

import sys
import uuid

from run_test import OVER, find_plan, watch
from settings import arguments, session

PREVIEW = """
query Preview($id: ID!) {
  previewRecovery(planId: $id, recoveryType: PLANNED) {
    refusals { message remedy }
    blockers { message remedy }
    expectedRtoSeconds
  }
}"""

FAILOVER = """
mutation Failover($input: StartPlannedFailoverInput!) {
  startPlannedFailover(input: $input) {
    ... on StartPlannedFailoverPayload { recovery { id } }
    ... on Error { code message remedy }
  }
}"""

REPROTECT = """
mutation Reprotect($input: StartReprotectInput!) {
  startReprotect(input: $input) {
    ... on StartReprotectPayload { recovery { id } }
    ... on Error { code message remedy }
  }
}"""

DIRECTION = """
query Direction($id: ID!) {
  recoveryPlan(id: $id) { lifecycle protectedSite { name } recoverySite { name } faults { message remedy } }
}"""


def in_the_way(gateway, plan_id):
    """What would keep the move from being started, or fail on the way."""
    preview = gateway.execute(PREVIEW, {"id": plan_id})["previewRecovery"]
    found = preview["refusals"] + preview["blockers"]
    for problem in found:
        print(f"In the way: {problem['message']} {problem['remedy']}")
    if not found:
        print(f"Expected RTO: {preview['expectedRtoSeconds']} s")
    return found


def run(gateway, mutation, name, plan_id, options, **more):
    """Starts it, watches it to its end, and prints how it went."""
    started = {"planId": plan_id, "idempotencyKey": str(uuid.uuid4()), **more}
    (answer,) = gateway.execute(mutation, {"input": started}).values()
    ended = watch(gateway, answer["recovery"]["id"], options)
    print(f"{name}: {ended['resultState']}. {ended['vmsSucceeded']} VMs, {ended['vmsFailed']} failed.")
    for error in ended["errors"]:
        print(f"  {error}")
    return ended["state"] in OVER and ended["resultState"] in ("SUCCESS", "WARNING")


def reprotect(gateway, options):
    plan = find_plan(gateway, options.plan)
    if options.failover:
        # With CONTINUE nobody has to decide about a failure: a program watches here.
        if in_the_way(gateway, plan["id"]) or not run(gateway, FAILOVER, "Failover", plan["id"], options, failurePolicy="CONTINUE"):
            return False
    if not run(gateway, REPROTECT, "Reprotect", plan["id"], options, syncData=True, reverseReplication=True):
        return False
    now = gateway.execute(DIRECTION, {"id": plan["id"]})["recoveryPlan"]
    print(f"{plan['name']} is {now['lifecycle']}: {now['protectedSite']['name']} -> {now['recoverySite']['name']}")
    for fault in now["faults"]:
        print(f"Fault: {fault['message']} {fault['remedy']}")
    return now["lifecycle"] == "READY"


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--plan", default="WebApp-Recovery-Plan", help="the plan's name")
    parser.add_argument("--failover", action="store_true", help="move the plan first, in the direction that it is protected in")
    parser.add_argument("--watch", choices=["stream", "poll"], default="stream", help="how the runs are watched")
    parser.add_argument("--interval", type=float, default=30, help="seconds between polls")
    parser.add_argument("--answer", choices=["ask", "CONTINUE", "SKIP", "ABORT"], default="ask", help="what prompts are answered")
    options = parser.parse_args()
    with session(options) as gateway:
        sys.exit(0 if reprotect(gateway, options) else 1)
