"""A client of dr-gateway with nothing but Python's standard library (3.9 or newer).

    with DrGateway("http://127.0.0.1:4000", "admin", password) as gateway:
        plans = gateway.execute("query Plans { recoveryPlans { nodes { id name } } }")

It signs in again when its session has ended, waits when the gateway says so, and follows a subscription across broken connections.
"""

import http.client
import json
import time
import urllib.error
import urllib.request

SIGN_IN = """
mutation SignIn($input: CreateSessionInput!) {
  createSession(input: $input) {
    ... on CreateSessionPayload { token }
    ... on Error { code message remedy }
  }
}"""

SIGN_OUT = "mutation SignOut { deleteSession { ... on DeleteSessionPayload { deleted } } }"


class GatewayError(Exception):
    """The gateway did not do it. `code` is one of the API's error codes, `details` all that came with it."""

    def __init__(self, details):
        super().__init__(" ".join(filter(None, [details.get("message"), details.get("remedy")])))
        self.code = details.get("code")
        self.details = details


class DrGateway:
    def __init__(self, url, user, password, attempts=6):
        self.url = url.rstrip("/") + "/graphql"
        self._credentials = {"user": user, "password": password}
        self._attempts = attempts
        self._token = None
        self._sign_in()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sign_out()

    def execute(self, query, variables=None):
        """The operation's data. Raises GatewayError for a top-level error and for an error that a mutation answers."""
        for attempt in range(self._attempts):
            try:
                return self._data(self._post(query, variables))
            except GatewayError as error:
                if attempt + 1 == self._attempts or not self._may_help(error):
                    raise
            except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
                # A mutation may have been done all the same: each of them takes an idempotencyKey, so that once more is harmless.
                if attempt + 1 == self._attempts:
                    raise
            time.sleep(min(30, 0.5 * 2**attempt))

    def subscribe(self, query, variables=None, silence_seconds=30):
        """The batches of a subscription that takes `$after`, to its end: after a break it goes on behind the last cursor."""
        variables = dict(variables or {}, after=None)
        failures = 0
        while True:
            try:
                for answer in self._stream(query, variables, silence_seconds):
                    (batch,) = self._data(answer).values()
                    failures = 0
                    yield batch
                    variables["after"] = batch["cursor"]
                return
            except GatewayError as error:
                if not self._may_help(error):
                    raise
            except (OSError, http.client.HTTPException):
                pass  # the gateway was restarted, or the network broke: again, behind what was seen
            time.sleep(min(5, 0.1 * 2**failures))
            failures += 1

    def sign_out(self):
        if self._token:
            self._post(SIGN_OUT)
        self._token = None

    def _sign_in(self):
        self._token = None
        data = self._data(self._post(SIGN_IN, {"input": self._credentials}))
        self._token = data["createSession"]["token"]

    def _may_help(self, error):
        """Whether the same request may succeed next; first does what is needed for that."""
        if error.code == "UNAUTHORIZED" and self._token:  # the session has ended
            self._sign_in()
            return True
        if error.code != "SERVICE_UNAVAILABLE":
            return False
        time.sleep(min(60, error.details.get("retryAfterSeconds", 0)))
        return True

    @staticmethod
    def _data(answer):
        if answer.get("errors"):
            first = answer["errors"][0]
            raise GatewayError({"message": first["message"], **first.get("extensions", {})})
        for result in answer["data"].values():
            if isinstance(result, dict) and "code" in result and "remedy" in result:  # "... on Error" of a mutation's answer
                raise GatewayError(result)
        return answer["data"]

    def _request(self, query, variables, accept):
        headers = {"content-type": "application/json", "accept": accept}
        if self._token:
            headers["session-token"] = self._token
        return urllib.request.Request(self.url, json.dumps({"query": query, "variables": variables or {}}).encode(), headers)

    def _post(self, query, variables=None):
        try:
            with urllib.request.urlopen(self._request(query, variables, "application/json"), timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:  # the answer to a request that failed as a whole has a status of its own
            return _answer_of(error)

    def _stream(self, query, variables, silence_seconds):
        """Server-sent events: the answers of one connection, until the event "complete"."""
        try:
            response = urllib.request.urlopen(self._request(query, variables, "text/event-stream"), timeout=silence_seconds)
        except urllib.error.HTTPError as error:
            yield _answer_of(error)
            return
        with response:
            event = None
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(":")
                if name == "event":
                    event = value.strip()
                elif name == "data" and event == "next":
                    yield json.loads(value)
                elif event == "complete":
                    return
        raise ConnectionError("the stream was cut")


def _answer_of(error):
    try:
        return json.load(error)
    except ValueError:  # a proxy's page
        code = "SERVICE_UNAVAILABLE" if error.code >= 500 else None
        return {"errors": [{"message": f"HTTP {error.code}", "extensions": {"code": code}}]}
