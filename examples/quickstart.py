"""A tour of ulak in ten requests, against a server that it starts itself.

Run it::

    python examples/quickstart.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from demo_server import running_server

import ulak


def main() -> None:
    with running_server() as url:
        get_with_params(url)
        post_json(url)
        post_form(url)
        upload_file(url)
        keep_cookies(url)
        follow_redirect(url)
        download(url)
        log_in(url)
        catch_timeout(url)
        catch_404(url)


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def get_with_params(url: str) -> None:
    title("GET with parameters")
    response = ulak.get(f"{url}/echo", params={"from": "İzmir", "to": "Kars"})
    print("URL:    ", response.url)
    print("status: ", response.status_code, response.reason)
    print("type:   ", response.headers["content-type"])
    print("params: ", response.json()["params"])


def post_json(url: str) -> None:
    title("POST of JSON")
    response = ulak.post(f"{url}/users", json={"name": "Fatma", "horse": "Doru"})
    print(response.status_code, response.reason, response.json())


def post_form(url: str) -> None:
    title("POST of a form")
    response = ulak.post(f"{url}/echo", data={"name": "Fatma", "horse": "Doru"})
    print("the server read:", response.json()["form"])


def upload_file(url: str) -> None:
    title("Upload of a file")
    with open(__file__, "rb") as file:
        response = ulak.post(f"{url}/echo", files={"program": file}, data={"to": "Kars"})
    print("file: ", response.json()["files"]["program"])
    print("field:", response.json()["form"])


def keep_cookies(url: str) -> None:
    title("A session keeps cookies")
    with ulak.Session() as session:
        session.get(f"{url}/cookies/set", params={"rider": "Fatma"})
        response = session.get(f"{url}/echo")
        print("in the session:   ", dict(session.cookies))
        print("at the server:    ", response.json()["cookies"])


def follow_redirect(url: str) -> None:
    title("A redirect")
    response = ulak.get(f"{url}/old")
    for step in [*response.history, response]:
        print(step.status_code, step.url)
    print(response.text.strip())


def download(url: str) -> None:
    title("A download, streamed to disk")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "letters.bin")
        source = f"{url}/download?size=5000000"
        with ulak.get(source, stream=True) as response, target.open("wb") as file:
            for chunk in response.iter_content(chunk_size=65536):
                file.write(chunk)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


def log_in(url: str) -> None:
    title("Basic authentication")
    print("without:", ulak.get(f"{url}/private").status_code)
    response = ulak.get(f"{url}/private", auth=("courier", "horse"))
    print("with:   ", response.status_code, response.text.strip())


def catch_timeout(url: str) -> None:
    title("A server that is too slow")
    try:
        ulak.get(f"{url}/slow", timeout=0.5)
    except ulak.exceptions.Timeout as error:
        print(f"{type(error).__name__}: {error}")


def catch_404(url: str) -> None:
    title("A page that is not there")
    response = ulak.get(f"{url}/nowhere")
    try:
        response.raise_for_status()
    except ulak.HTTPError as error:
        print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
