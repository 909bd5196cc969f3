"""The API's description holds together."""

from __future__ import annotations

import json
import re
from typing import Any

from footfall_server.api.openapi import document
from footfall_server.api.openapi_door import door_schemas


def test_every_reference_leads_somewhere_and_no_name_means_two_things() -> None:
    text = document("http://127.0.0.1:1").decode()
    described: dict[str, Any] = json.loads(text)
    schemas = described["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named <= schemas.keys()
    for name, schema in door_schemas().items():
        assert schemas[name] == schema
    operations = [
        operation["operationId"]
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(operations) == len(set(operations))
