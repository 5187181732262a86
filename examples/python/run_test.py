"""Tests a recovery plan: finds it by name, starts the test, watches it, answers its prompts, cleans up. Ends with 0 if all went well."""

import sys
import time
import uuid

from settings import arguments, session

FIND = """
query Find($name: String!) {
  recoveryPlans(filter: { name: $name }, first: 100) {
    nodes { id name state lifecycle vmCount faults { message remedy } }
  }
}"""

START = """
mutation Start($input: StartRecoveryInput!) {
  startRecovery(input: $input) {
    ... on StartRecoveryPayload { recovery { id } task { id } }
    ... on Error { code message remedy }
  }
}"""

STATUS = """
query Status($id: ID!) {
  recovery(id: $id) {
    state resultState progressPercent currentStep errors vmsSucceeded vmsFailed rtoAchievedSeconds rpoAchievedSeconds
    openPrompts { id message }
  }
}"""

WATCH = """
subscription Watch($recoveryId: ID!, $after: String) {
  recoveryEvents(recoveryId: $recoveryId, after: $after) {
    cursor
    events {
      kind
      ... on ProgressEvent { progressPercent currentStep }
      ... on StepChangedEvent { number name status }
      ... on PromptOpenedEvent { question: message prompt { id } }
    }
  }
}"""

ANSWER = """
mutation Answer($input: AnswerPromptInput!) {
  answerPrompt(input: $input) {
    ... on AnswerPromptPayload { prompt { answer } }
    ... on Error { code message remedy }
  }
}"""

CLEAN_UP = """
mutation CleanUp($input: CleanupTestInput!) {
  cleanupTest(input: $input) {
    ... on CleanupTestPayload { recovery { id } }
    ... on Error { code message remedy }
  }
}"""

OVER = ("COMPLETED", "FAILED")


def find_plan(gateway, name):
    """By its whole name; the filter matches a part of it."""
    plans = gateway.execute(FIND, {"name": name})["recoveryPlans"]["nodes"]
    plan = next((plan for plan in plans if plan["name"].lower() == name.lower()), None)
    if plan is None:
        raise SystemExit(f"There is no recovery plan {name!r}.")
    return plan


def answer(gateway, prompt_id, question, how):
    """`how` is an answer, or "ask"."""
    print(f"Prompt: {question}")
    given = input("CONTINUE, SKIP or ABORT? ").strip().upper() if how == "ask" else how
    gateway.execute(ANSWER, {"input": {"promptId": prompt_id, "answer": given, "idempotencyKey": f"answer-{prompt_id}"}})
    print(f"  answered {given}")


def watch_by_polling(gateway, recovery_id, how, interval_seconds):
    """As with a REST API: 30 to 60 seconds between requests are enough, and cost half a minute at each prompt."""
    while True:
        run = gateway.execute(STATUS, {"id": recovery_id})["recovery"]
        print(f"Progress: {run['progressPercent']} % - {run['currentStep'] or run['state']}")
        for prompt in run["openPrompts"]:
            answer(gateway, prompt["id"], prompt["message"], how)
        if run["state"] in OVER:
            return
        time.sleep(interval_seconds)


def watch_by_stream(gateway, recovery_id, how):
    """Each event as it happens, none missing, until the run is over."""
    for batch in gateway.subscribe(WATCH, {"recoveryId": recovery_id}):
        for event in batch["events"]:
            if event["kind"] == "PROGRESS":
                print(f"Progress: {event['progressPercent']} % - {event['currentStep']}")
            elif event["kind"] == "STEP_CHANGED":
                print(f"  {event['number']} {event['name']}: {event['status']}")
            elif event["kind"] == "PROMPT_OPENED" and event["prompt"]:
                answer(gateway, event["prompt"]["id"], event["question"], how)


def watch(gateway, recovery_id, options):
    if options.watch == "stream":
        watch_by_stream(gateway, recovery_id, options.answer)
    else:
        watch_by_polling(gateway, recovery_id, options.answer, options.interval)
    return gateway.execute(STATUS, {"id": recovery_id})["recovery"]


def run_test(gateway, options):
    plan = find_plan(gateway, options.plan)
    for fault in plan["faults"]:
        print(f"Fault: {fault['message']} {fault['remedy']}")
    if plan["lifecycle"] == "TEST_COMPLETE":
        print("The last test was not cleaned up; that comes first.")
        clean_up(gateway, plan["id"], options)

    print(f"Starting a test recovery of {plan['name']}, {plan['vmCount']} VMs")
    # The key makes it safe to send the request again: the second time is answered as the first, and starts nothing.
    started = {"planId": plan["id"], "recoveryType": "TEST", "syncData": True, "idempotencyKey": str(uuid.uuid4())}
    recovery_id = gateway.execute(START, {"input": started})["startRecovery"]["recovery"]["id"]
    run = watch(gateway, recovery_id, options)
    print(f"Test: {run['resultState']}. {run['vmsSucceeded']} VMs recovered, {run['vmsFailed']} failed.")
    print(f"RTO achieved: {run['rtoAchievedSeconds']} s, RPO achieved: {run['rpoAchievedSeconds']} s")
    for error in run["errors"]:
        print(f"  {error}")
    return clean_up(gateway, plan["id"], options) and run["state"] == "COMPLETED"


def clean_up(gateway, plan_id, options):
    cleanup_id = gateway.execute(CLEAN_UP, {"input": {"planId": plan_id}})["cleanupTest"]["recovery"]["id"]
    run = watch(gateway, cleanup_id, options)
    print(f"Cleanup: {run['resultState']}")
    return run["state"] == "COMPLETED"


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--plan", default="WebApp-Recovery-Plan", help="the plan's name")
    parser.add_argument("--watch", choices=["stream", "poll"], default="stream", help="how the run is watched")
    parser.add_argument("--interval", type=float, default=30, help="seconds between polls")
    parser.add_argument("--answer", choices=["ask", "CONTINUE", "SKIP", "ABORT"], default="ask", help="what prompts are answered")
    options = parser.parse_args()
    with session(options) as gateway:
        sys.exit(0 if run_test(gateway, options) else 1)
