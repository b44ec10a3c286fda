"""The child's side of an install: what is there is checked, what is missing is fetched, and then it is put on record.

The order makes a kill at any instant harmless: a content gets its name only when it is whole, a link to it is made
only when it is there, the record says so only when all of it has reached the disk, and the branch names the commit
last of all. Whatever was done before is found by the next run and not done again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from venom_modeld.runtimes.transport import host_of, is_loopback
from venom_modeld.runtimes.vllm.weights import layout, locks, record
from venom_modeld.runtimes.vllm.weights.contents import Contents
from venom_modeld.runtimes.vllm.weights.fetching import Fetcher
from venom_modeld.runtimes.vllm.weights.job import Failed, Install, Trouble
from venom_modeld.runtimes.vllm.weights.layout import Place
from venom_modeld.runtimes.vllm.weights.telling import Teller
from venom_modeld.runtimes.vllm.weights.tidying import tidy


def install(job: Install, teller: Teller) -> None:
    """Do an install, and clean up after earlier ones that were cut. Raises Failed, and OSError."""
    place = Place(job.where, job.repository)
    with locks.holding(place.installing, shared=True, wait=True):
        _install(job, place, teller)
    tidy(place)


def _install(job: Install, place: Place, teller: Teller) -> None:
    record.change(place, lambda known: known)  # from here on something of ours may lie there
    contents = Contents(place, job.commit)
    there = [file for file in job.files if contents.find(file) is not None]
    if contents.unchecked(there):
        teller.phase("verifying")
        contents.check(there)
    missing = [file for file in job.files if contents.find(file) is None]
    for file in job.files:
        teller.arrived(file, 0 if file in missing else file.size)
    teller.phase("downloading")
    with _client(job) as client:
        Fetcher(job, place, client, teller).fetch(missing)
    teller.phase("verifying")
    wrong = contents.check(job.files)
    if wrong:
        raise Failed(Trouble.CORRUPT, f"{wrong[0].path} is not what the Hub announced")
    _conclude(job, place)


def _conclude(job: Install, place: Place) -> None:
    for file in job.files:
        if place.blob(file.blob).exists():
            layout.link(place, job.commit, file.path, file.blob)
    record.change(place, lambda known: known.with_commit(job.commit, job.listing))
    layout.point(place, job.revision, job.commit)


@contextmanager
def _client(job: Install) -> Iterator[httpx2.Client]:
    headers = {"User-Agent": job.user_agent, "Accept-Encoding": "identity"}
    if job.token is not None:
        headers["Authorization"] = f"Bearer {job.token}"  # the library drops it where it is sent to another host
    timeout = httpx2.Timeout(job.read_timeout, connect=job.connect_timeout)
    proxied = not is_loopback(host_of(job.endpoint))
    with httpx2.Client(headers=headers, timeout=timeout, follow_redirects=True, trust_env=proxied) as client:
        yield client
