"""Advanced: Link headers."""

import os

import requests

url = os.environ["HTTPBIN"]

link = '</a?page=2&per_page=10>; rel="next", </a?page=6&per_page=10>; rel="last"; title=end'
r = requests.head(f"{url}/response-headers", params={"Link": link})
print(r.headers["link"])
print(r.links["next"], r.links["last"])
print(requests.get(f"{url}/get").links)
print(requests.utils.parse_header_links('<x>; rel=front; type="image/jpeg", <y>'))
