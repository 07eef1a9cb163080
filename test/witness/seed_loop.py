"""The documented scan of a day of one service's activities, as its readers would write it.

Usage: seed_loop.py URL TOKEN; prints one id a line.
"""

import json
import sys

import requests

activities_url, token = sys.argv[1] + "/api/v1/activities/", sys.argv[2]
headers = {"Authorization": "Token {}".format(token)}
request_data = {"filters": {"date": {"gte_ndays": 1}, "service": {"eq": [20893]}}, "isScan": True}

records = []
has_next = True
while has_next:
    content = json.loads(requests.post(activities_url, json=request_data, headers=headers, timeout=60).content)
    response_data = content.get("data", [])
    records += response_data
    print("Got {} more records".format(len(response_data)), file=sys.stderr)
    has_next = content.get("hasNext", False)
    request_data["filters"] = content.get("nextQueryFilters")

print("Got {} records in total".format(len(records)), file=sys.stderr)
print("\n".join(record["_id"] for record in records))
