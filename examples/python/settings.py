"""What all the examples ask for: where the gateway is, and who signs in."""

import argparse
import contextlib
import getpass
import os
import sys

from dr_gateway import DrGateway, GatewayError


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", default="http://127.0.0.1:4000", help="the gateway's address")
    parser.add_argument("--user", default="admin", help="the password comes from DR_PASSWORD, or is asked for")
    return parser


@contextlib.contextmanager
def session(options):
    """A signed-in client; what the gateway refuses is printed, and ends the program with 1."""
    try:
        with DrGateway(options.url, options.user, os.environ.get("DR_PASSWORD") or getpass.getpass()) as gateway:
            yield gateway
    except GatewayError as error:
        fields = [f"  {'.'.join(field['path'])}: {field['message']}" for field in error.details.get("fieldErrors", [])]
        sys.exit("\n".join([f"{error.code}: {error}", *fields]))
