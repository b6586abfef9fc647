"""A process that forks while its threads use a session: ``python -m tests.torture.forks URL``.

The child uses the session too, and has to get its own answers; so have the threads.
Prints how many requests were made, and fails when one went wrong.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

import ulak
from tests.support.child_server import body_of

FORKS, THREADS, REQUESTS = 60, 4, 2
#: Seconds after which a child that hangs is killed.
LONG = 5


def ask(session: ulak.Session, url: str, name: str) -> None:
    for kind in ("plain/300", "pieces/600", "moved/100"):
        response = session.get(f"{url}/{kind}/{name}")
        assert response.content == body_of(response.request.path_url), "another answer"


def main(url: str) -> int:
    done = threading.Event()
    counts, failures = [0] * THREADS, []
    sys.setswitchinterval(1e-5)  # a fork may come while a lock is held
    session = ulak.Session(trust_env=False, timeout=LONG)
    session.cookies.set("a", "b")

    def work(number: int) -> None:
        try:
            while not done.is_set():
                ask(session, url, f"t{number}-{counts[number]}")
                counts[number] += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for number in range(FORKS):
        child = os.fork()
        if child == 0:
            faulthandler.dump_traceback_later(LONG, exit=True)  # what it hangs on is printed
            status = 1
            try:
                for request in range(REQUESTS):
                    ask(session, url, f"c{number}-{request}")
                status = 0
            finally:
                os._exit(status)
        _, how = os.waitpid(child, 0)
        if how:
            failures.append(RuntimeError(f"child {number}: {os.waitstatus_to_exitcode(how)}"))
    done.set()
    for thread in threads:
        thread.join()
    session.close()
    print(sum(counts), "by threads,", FORKS * REQUESTS, "by children,", failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
