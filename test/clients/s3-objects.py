"""boto3 on objects: conditions, copies, versions, tags, attributes, keys of its own, batches; ends with "all the same".

Endpoint and keys come from the environment. The arguments are a bucket that takes SSE-C, and a versioned one.
"""

import os
import sys

import boto3
from botocore.exceptions import ClientError

bucket, versioned = sys.argv[1:]
s3 = boto3.client("s3")


def refused(code, call, **given):
    try:
        call(**given)
    except ClientError as error:
        actual = error.response["Error"]["Code"]
        assert actual == code, f"{actual} in the place of {code}"
        return error.response
    raise AssertionError(f"not refused with {code}")


# Conditions.
etag = s3.put_object(Bucket=bucket, Key="boto", Body=b"first", Metadata={"build": "1"})["ETag"]
refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="boto", Body=b"x", IfNoneMatch="*")
refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="boto", Body=b"x", IfMatch='"x"')
s3.put_object(Bucket=bucket, Key="boto", Body=b"second", IfMatch=etag, Metadata={"build": "2"})
refused("304", s3.head_object, Bucket=bucket, Key="boto", IfNoneMatch=s3.head_object(Bucket=bucket, Key="boto")["ETag"])
refused("404", s3.head_object, Bucket=bucket, Key="never")
refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="never")

# Copies, with the library's own transfer too.
s3.copy({"Bucket": bucket, "Key": "boto"}, bucket, "boto copy +%")
assert s3.get_object(Bucket=bucket, Key="boto copy +%")["Body"].read() == b"second"
s3.put_object(Bucket=versioned, Key="self", Body=b"self")
refused("InvalidRequest", s3.copy_object, Bucket=versioned, Key="self", CopySource=f"{versioned}/self")
s3.copy_object(
    Bucket=bucket,
    Key="boto",
    CopySource=f"{bucket}/boto",
    MetadataDirective="REPLACE",
    Metadata={"build": "3"},
    ChecksumAlgorithm="SHA256",
)
head = s3.head_object(Bucket=bucket, Key="boto", ChecksumMode="ENABLED")
assert head["Metadata"] == {"build": "3"} and "ChecksumSHA256" in head, head

# Tags.
tags = [{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "größe"}]
s3.put_object_tagging(Bucket=bucket, Key="boto", Tagging={"TagSet": tags})
assert s3.get_object_tagging(Bucket=bucket, Key="boto")["TagSet"] == tags
assert s3.get_object(Bucket=bucket, Key="boto")["TagCount"] == 2
s3.delete_object_tagging(Bucket=bucket, Key="boto")
assert s3.get_object_tagging(Bucket=bucket, Key="boto")["TagSet"] == []

# Keys of the client's own.
key = os.urandom(32)
s3.put_object(Bucket=bucket, Key="own", Body=b"own", SSECustomerAlgorithm="AES256", SSECustomerKey=key)
got = s3.get_object(Bucket=bucket, Key="own", SSECustomerAlgorithm="AES256", SSECustomerKey=key)
assert got["Body"].read() == b"own"
refused("400", s3.head_object, Bucket=bucket, Key="own")
s3.copy_object(
    Bucket=bucket,
    Key="opened",
    CopySource=f"{bucket}/own",
    CopySourceSSECustomerAlgorithm="AES256",
    CopySourceSSECustomerKey=key,
)
assert s3.get_object(Bucket=bucket, Key="opened")["Body"].read() == b"own"

# Versions and batches.
versions = [s3.put_object(Bucket=versioned, Key="boto", Body=body)["VersionId"] for body in (b"1", b"2")]
assert s3.get_object(Bucket=versioned, Key="boto", VersionId=versions[0])["Body"].read() == b"1"
marker = s3.delete_object(Bucket=versioned, Key="boto")
assert marker["DeleteMarker"]
response = refused("MethodNotAllowed", s3.get_object, Bucket=versioned, Key="boto", VersionId=marker["VersionId"])
assert response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
deleted = s3.delete_objects(
    Bucket=versioned,
    Delete={"Objects": [{"Key": "boto", "VersionId": version} for version in [*versions, marker["VersionId"]]]},
)
assert len(deleted["Deleted"]) == 3 and "Errors" not in deleted, deleted
refused("NoSuchKey", s3.get_object, Bucket=versioned, Key="boto")

print("all the same")
