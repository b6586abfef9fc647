"""Advanced: event hooks."""

import os

import requests

url = os.environ["HTTPBIN"]


def print_url(r, *args, **kwargs):
    print(r.url.removeprefix(url), sorted(kwargs))


def record_hook(r, *args, **kwargs):
    r.hook_called = True
    return r


r = requests.get(f"{url}/get", hooks={"response": print_url})
r = requests.get(f"{url}/get", hooks={"response": [print_url, record_hook]})
print(r.hook_called)

s = requests.Session()
s.hooks["response"].append(print_url)
s.get(f"{url}/redirect/2")
s.hooks["response"].clear()


def check_for_errors(resp, *args, **kwargs):
    resp.raise_for_status()


s.hooks["response"].append(check_for_errors)
try:
    s.get(f"{url}/status/404")
except requests.HTTPError as error:
    print(error.response.status_code)

request = requests.Request("GET", f"{url}/get")
request.register_hook("response", record_hook)
print(request.deregister_hook("response", record_hook))
print(request.deregister_hook("response", record_hook), requests.hooks.default_hooks())
