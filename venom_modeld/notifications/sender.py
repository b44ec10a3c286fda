"""Hands one message to Apprise: `python -m venom_modeld.notifications.sender`, a process for each message.

Apprise takes tens of megabytes and may hang on somebody's server, neither of which belongs into the daemon. The message
comes on standard input as JSON; standard output says of each address whether it is one and took the message. Addresses
hold secrets, so they are in no argument and in no answer.
"""

import json
import sys
from typing import Any

TYPES = {"failed": "failure", "stalled": "failure", "unsafe": "warning", "recovered": "success"}


def main() -> None:
    """Read the message, hand it on, and say how that went."""
    message = json.load(sys.stdin)
    outcomes = [_send(address, message) for address in message["addresses"]]
    json.dump(outcomes, sys.stdout)


def _send(address: str, message: dict[str, Any]) -> str:
    from apprise import Apprise  # noqa: PLC0415 - whoever imports this module need not have it

    notifier = Apprise()
    if not notifier.add(address):
        return "invalid"
    if message["kind"] is None:
        return "valid"
    sent = notifier.notify(title=message["title"], body=message["body"], notify_type=TYPES[message["kind"]])
    return "sent" if sent else "refused"


if __name__ == "__main__":
    main()
