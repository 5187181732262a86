"""Lists the protection groups with their states and how many VMs each has."""

from settings import arguments, session

GROUPS = """
query Groups($after: String) {
  protectionGroups(first: 100, after: $after) {
    nodes { name state protectionState vmCount fault { message remedy } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def groups(gateway):
    """All of them, page by page."""
    after = None
    while True:
        page = gateway.execute(GROUPS, {"after": after})["protectionGroups"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


if __name__ == "__main__":
    with session(arguments(__doc__).parse_args()) as gateway:
        for group in groups(gateway):
            print(f"Protection group: {group['name']}")
            print(f"  State: {group['state']}, {group['protectionState']}")
            print(f"  VM count: {group['vmCount']}")
            if group["fault"]:
                print(f"  Fault: {group['fault']['message']} {group['fault']['remedy']}")
