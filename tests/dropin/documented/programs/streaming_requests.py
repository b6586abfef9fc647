"""Advanced: streaming requests, line by line."""

import json
import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/stream/20", stream=True)
count = 0
for line in r.iter_lines():
    if line:
        decoded_line = line.decode("utf-8")
        count += json.loads(decoded_line)["id"]
print(count)

r = requests.get(f"{url}/stream/3", stream=True)
if r.encoding is None:
    r.encoding = "utf-8"
for line in r.iter_lines(decode_unicode=True):
    if line:
        print(json.loads(line)["id"], type(line).__name__)

r = requests.get(f"{url}/encoding/utf8", stream=True)
text = "".join(r.iter_content(7, decode_unicode=True))
print("∮ E⋅da = Q" in text, len(text))
r = requests.get(f"{url}/base64/YSxiLGM=", stream=True)
lines = r.iter_lines(delimiter=b",")
print(next(lines), list(lines))
