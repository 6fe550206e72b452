"""boto3 at its defaults against a bucket server: writes, reads and compares; ends with "all the same" or an exception.

Endpoint, keys and authority come from the environment. The argument is the name of a bucket to make.
"""

import io
import os
import sys
import urllib.error
import urllib.request
import ssl

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

bucket = sys.argv[1]
s3 = boto3.client("s3")
authority = os.environ.get("AWS_CA_BUNDLE")
tls = ssl.create_default_context(cafile=authority) if authority else None


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r:.300} is not {expected!r:.300}")


def read(key, **more):
    answer = s3.get_object(Bucket=bucket, Key=key, **more)
    return answer, answer["Body"].read()


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
    else:
        raise AssertionError(f"{code} was expected")


s3.create_bucket(Bucket=bucket)
s3.get_waiter("bucket_exists").wait(Bucket=bucket)

# A checksum is sent and asked for without being told; boto3 compares it while it reads.
content = os.urandom(300_000)
put = s3.put_object(Bucket=bucket, Key="build/app.jar", Body=content, Metadata={"commit": "0a1b"})
answer, back = read("build/app.jar")
equal(back, content)
equal(answer["Metadata"], {"commit": "0a1b"})
if not any(name.startswith("Checksum") for name in put):
    raise AssertionError("the answer to PutObject names no checksum")

# A stream that cannot be rewound goes in chunks, with the checksum behind it.
s3.put_object(Bucket=bucket, Key="streamed", Body=io.BytesIO(content))
equal(read("streamed")[1], content)
equal("ContentEncoding" in read("streamed")[0], False)

for algorithm in ("CRC32", "SHA1", "SHA256"):
    put = s3.put_object(Bucket=bucket, Key=algorithm, Body=content, ChecksumAlgorithm=algorithm)
    answer, back = read(algorithm, ChecksumMode="ENABLED")
    equal(back, content)
    equal(answer[f"Checksum{algorithm}"], put[f"Checksum{algorithm}"])
refused("BadDigest", s3.put_object, Bucket=bucket, Key="wrong", Body=b"content", ChecksumCRC32="AAAAAA==")
refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="wrong")

# The transfer manager: parts in parallel on the way in, ranges on the way out.
large = os.urandom(21 * 1024 * 1024)
config = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
s3.upload_fileobj(io.BytesIO(large), bucket, "large", Config=config)
target = io.BytesIO()
s3.download_fileobj(bucket, "large", target, Config=config)
equal(target.getvalue() == large, True)
equal(s3.head_object(Bucket=bucket, Key="large", PartNumber=1)["PartsCount"], 5)
equal(read("large", Range="bytes=5242875-5242890")[1], large[5242875:5242891])
s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copied", Config=config)
equal(read("copied")[1] == large, True)

# Pages, prefixes and delimiters.
for number in range(25):
    s3.put_object(Bucket=bucket, Key=f"many/{number:02}/file", Body=b"x")
pages = s3.get_paginator("list_objects_v2").paginate(
    Bucket=bucket, Prefix="many/", Delimiter="/", PaginationConfig={"PageSize": 10}
)
prefixes = [entry["Prefix"] for page in pages for entry in page["CommonPrefixes"]]
equal(prefixes, [f"many/{number:02}/" for number in range(25)])

# Versions: every one is there until it is deleted by its name.
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
first = s3.put_object(Bucket=bucket, Key="versioned", Body=b"first")["VersionId"]
second = s3.put_object(Bucket=bucket, Key="versioned", Body=b"second")["VersionId"]
marker = s3.delete_object(Bucket=bucket, Key="versioned")
equal(marker["DeleteMarker"], True)
refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="versioned")
equal(read("versioned", VersionId=first)[1], b"first")
s3.delete_object(Bucket=bucket, Key="versioned", VersionId=marker["VersionId"])
equal(read("versioned")[1], b"second")
equal(read("versioned")[0]["VersionId"], second)

# Writes that must not overwrite.
refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="versioned", Body=b"third", IfNoneMatch="*")

# Presigned addresses, each way of signing that boto3 has by default or is told to use.
for version in (None, "s3v4"):
    signer = boto3.client("s3", config=boto3.session.Config(signature_version=version))
    address = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "streamed"})
    with urllib.request.urlopen(address, context=tls) as answer:
        equal(answer.read() == content, True)
    address = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "by address"})
    request = urllib.request.Request(address, data=b"put by address", method="PUT")
    # The signature covers an absent content type; urllib would add one of its own.
    request.add_header("Content-Type", "")
    with urllib.request.urlopen(request, context=tls):
        equal(read("by address")[1], b"put by address")

# Everything goes, in one request for up to a thousand keys.
versions = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
everything = [
    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
    for page in versions
    for kind in ("Versions", "DeleteMarkers")
    for entry in page.get(kind, [])
]
deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": everything})
equal(len(deleted["Deleted"]), len(everything))
s3.delete_bucket(Bucket=bucket)
refused("NoSuchBucket", s3.list_objects_v2, Bucket=bucket)
print("all the same")
