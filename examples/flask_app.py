"""A Flask app that takes pictures; see upload_image.py.

Run it (``pip install flask``)::

    flask --app examples/flask_app.py run --port 5000
"""

from __future__ import annotations

import hashlib

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)


@app.post("/pictures")
def add_picture() -> ResponseReturnValue:
    picture = request.files["picture"]
    content = picture.read()
    return jsonify(
        filename=picture.filename,
        type=picture.mimetype,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        caption=request.form.get("caption"),
    ), 201
