"""Upload a picture to a web application.

Start the application in one terminal (``pip install flask``)::

    flask --app examples/flask_app.py run --port 5000

and send it a picture from another::

    python examples/upload_image.py http://127.0.0.1:5000 horse.png
"""

from __future__ import annotations

import mimetypes
import sys
from pathlib import Path

import ulak


def main() -> None:
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
    path = Path(sys.argv[2] if len(sys.argv) > 2 else "horse.png")
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"

    # The file is read while it is sent: its size does not matter.
    with path.open("rb") as file:
        response = ulak.post(
            f"{base}/pictures",
            files={"picture": (path.name, file, kind)},
            data={"caption": "A bay horse"},
        )
    response.raise_for_status()
    for name, value in response.json().items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
