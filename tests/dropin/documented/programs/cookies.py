"""Quickstart: cookies of responses, of requests, and jars."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/cookies/set/example_cookie_name/value", allow_redirects=False)
print(r.cookies["example_cookie_name"], r.cookies.get_dict())
r = requests.get(f"{url}/cookies", cookies={"cookies_are": "working"})
print(r.json())

jar = requests.cookies.RequestsCookieJar()
jar.set("tasty_cookie", "yum", domain="127.0.0.1", path="/cookies")
jar.set("gross_cookie", "blech", domain="127.0.0.1", path="/elsewhere")
print(requests.get(f"{url}/cookies", cookies=jar).json())
print(jar.get_dict(path="/elsewhere"), sorted(jar.keys()), len(jar), jar.list_paths())
jar.update({"tasty_cookie": "again"})
try:
    jar["tasty_cookie"]
except requests.cookies.CookieConflictError:
    print("two of one name")
