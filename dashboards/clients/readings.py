"""The past day of all bins, page by page; standard library only.

MARSAD=https://marsad.city.example MARSAD_TOKEN=... python3 readings.py
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

BASE = os.environ.get("MARSAD", "http://127.0.0.1:8080") + "/api/v1/"
HEADERS = {"Authorization": "Bearer " + os.environ.get("MARSAD_TOKEN", "")}


def ask(path, **parameters):
    """What the API answers; waits where it asks for patience."""
    request = urllib.request.Request(BASE + path + "?" + urllib.parse.urlencode(parameters), headers=HEADERS)
    for _ in range(4):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code not in (429, 503):
                raise SystemExit(f"{problem['title']}: {problem['detail']}")
            time.sleep(int(error.headers.get("Retry-After", 2)))
    raise SystemExit(problem["detail"])


def pages(path, rows, **parameters):
    """All rows of an answer that comes in pages."""
    while True:
        answer = ask(path, **parameters)
        yield from answer[rows]
        if answer["next"] is None:
            return
        parameters["cursor"] = answer["next"]


count, fullest = 0, None
for reading in pages("readings", "readings", quantity="waste.fill", limit=500):
    count += 1
    if reading["grade"] != "bad" and (fullest is None or reading["value"] > fullest["value"]):
        fullest = reading
print(count, "readings")
if fullest:
    print("fullest:", fullest["device"], fullest["value"], fullest["unit"], "at", fullest["observed_at"])
