"""Why something is as it is, in one CamelCase word each: for conditions, operations, events and metrics.

The words are part of the interface: scripts match on them, so they are never renamed, and each has its line in the
reference. The docstring of a member is that line's source.
"""

from enum import StrEnum


class Reason(StrEnum):
    """One word for programs; the sentence for people stands beside it in `message`."""

    # How it goes
    SUCCEEDED = "Succeeded"
    PROGRESSING = "Progressing"
    PENDING = "Pending"
    RETRYING = "Retrying"
    SUSPENDED = "Suspended"
    UNSAFE = "Unsafe"
    CANCELLED = "Cancelled"
    STALLED = "Stalled"
    STARTING = "Starting"
    REMOVED_FROM_FILE = "RemovedFromFile"
    INTERRUPTED = "Interrupted"
    INTERNAL_ERROR = "InternalError"

    # The file
    VALID = "Valid"
    INVALID = "Invalid"
    FILE_MISSING = "FileMissing"
    SIGNATURE_REFUSED = "SignatureRefused"

    # The runtime
    REACHABLE = "Reachable"
    UNREACHABLE = "Unreachable"
    INVALID_ANSWER = "InvalidAnswer"
    ACCESS_DENIED = "AccessDenied"

    # A model
    NOT_FOUND = "NotFound"
    INVALID_NAME = "InvalidName"
    RATE_LIMITED = "RateLimited"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    REGISTRY_ERROR = "RegistryError"
    REGISTRY_INSECURE = "RegistryInsecure"
    RUNTIME_TOO_OLD = "RuntimeTooOld"
    PIN_MISMATCH = "PinMismatch"
    DISK_FULL = "DiskFull"
    CORRUPT = "Corrupt"
    NO_PROGRESS = "NoProgress"
    CUT = "Cut"
    INVALID_DEFINITION = "InvalidDefinition"
    NOT_VERIFIED = "NotVerified"
    LOAD_FAILED = "LoadFailed"
    NOTHING_GENERATED = "NothingGenerated"
    ALIAS_TAKEN = "AliasTaken"
    FAILED = "Failed"

    # A repository of the Hub
    GATED = "Gated"
    REVISION_NOT_FOUND = "RevisionNotFound"
    CREDENTIALS_REFUSED = "CredentialsRefused"
    NOT_SERVABLE = "NotServable"
