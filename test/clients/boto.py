"""Calls one AWS operation for each line of JSON it reads, with boto3, and answers each with a line of JSON.

A line: {"service": "ecr", "operation": "describe_images", "input": {...}, "key": [id, secret]?}
An answer: {"output": {...}} or {"error": {"Code": ..., "Message": ..., further members}}
Bytes are {"$bytes": base64}; times are ISO 8601.
"""

import base64
import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

clients = {}


def client(service, key):
    if (service, key) not in clients:
        keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), key))
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        clients[service, key] = boto3.client(service, config=config, **keys)
    return clients[service, key]


def read_bytes(value):
    return base64.b64decode(value["$bytes"]) if list(value) == ["$bytes"] else value


def write(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    raise TypeError(type(value).__name__)


for line in sys.stdin:
    asked = json.loads(line, object_hook=read_bytes)
    call = getattr(client(asked["service"], tuple(asked.get("key", ()))), asked["operation"])
    try:
        output = call(**asked["input"])
        output.pop("ResponseMetadata")
        answer = {"output": output}
    except ClientError as error:
        members = {name: value for name, value in error.response.items() if name != "ResponseMetadata"}
        answer = {"error": {**members.pop("Error"), **members}}
    print(json.dumps(answer, default=write), flush=True)
