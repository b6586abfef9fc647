"""Advanced: session objects keep cookies, settings and connections."""

import os

import requests

url = os.environ["HTTPBIN"]

s = requests.Session()
s.get(f"{url}/cookies/set/sessioncookie/123456789")
print(s.get(f"{url}/cookies").text)

s.auth = ("user", "pass")
s.headers.update({"x-test": "true"})
said = s.get(f"{url}/headers", headers={"x-test2": "true"}).json()["headers"]
print(said["X-Test"], said["X-Test2"], said["Authorization"])
print("X-Test" in s.get(f"{url}/headers", headers={"x-test": None}).json()["headers"])

print(s.get(f"{url}/cookies", cookies={"from-my": "browser"}).json())
print(s.get(f"{url}/cookies").json())

s.params = {"always": "here"}
print(s.get(f"{url}/get", params={"and": "there"}).json()["args"])
print(s.get(f"{url}/get", params={"always": None}).json()["args"])
s.cookies.clear()
print(s.get(f"{url}/cookies").json())
s.close()

with requests.Session() as s:
    s.cookies.set("by", "hand")
    print(s.get(f"{url}/cookies").json(), sorted(s.adapters))
