"""Tells people, over the services that Apprise knows, what needs them and when it is over."""
