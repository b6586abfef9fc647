"""Advanced: blocking or not: a session in many threads."""

import os
from concurrent.futures import ThreadPoolExecutor

import requests

url = os.environ["HTTPBIN"]

with requests.Session() as s, ThreadPoolExecutor(8) as pool:
    found = pool.map(lambda n: s.get(f"{url}/anything/{n}", params={"n": n}).json(), range(40))
    print([x["args"]["n"] for x in found] == [str(n) for n in range(40)])
