/**
 * Why tests of ceph/s3-tests do not pass: for each reason, what fits the test's name and what it failed with
 * (`name: message`). The first row that fits holds.
 */
const REASONS: readonly (readonly [test: RegExp, reason: string])[] = [
  [/logging/, "Server access logs are not offered."],
  [
    /AccessControlListNotSupported|InvalidBucketAclWithObjectOwnership|does not offer ACLs/,
    "ACLs are not offered: every bucket is bucket-owner-enforced, as all new buckets of AWS are since April 2023.",
  ],
  [
    /_acl|policy_put_obj_copy_source|block_public_put_bucket_acls|no_ownership_controls/,
    "ACLs are not offered: every bucket is bucket-owner-enforced, as all new buckets of AWS are since April 2023.",
  ],
  [/DisplayName/, "Wants names of owners: AWS leaves DisplayName out since November 2025."],
  [
    /_aws2|presigned_\w+_v2|tenant_v2/,
    "Signature Version 2 in the Authorization header: AWS takes it from no bucket made since June 2020. In presigned addresses, which SDKs still make, it is taken.",
  ],
  [
    /bad_authorization_(empty|none)|contentlength_none|put_obj_request_obj_tag/,
    "The suite changes a header before boto3 sets it, or on a client that does not send it: the request is a good one, or lacks what is asked for.",
  ],
  [
    /lifecycle_expiration_(tags|size|noncur_tags|versioned_tags)\w*: .*MalformedXML/,
    "A lifecycle filter of more than one member outside And: AWS's schema refuses it, as the suite knows (fails_on_aws).",
  ],
  [/account_usage|head_bucket_usage|head_extended|unordered|X-RGW/i, "An extension of Ceph's own gateway."],
  [/tenant/, "Tenants of Ceph's gateway: a bucket of AWS has no tenant in its name."],
  [
    /list_buckets_anonymous/,
    "Ceph answers everybody with an empty list of buckets; AWS refuses who does not sign (fails_on_aws).",
  ],
  [
    /bucket_encryption_(s3|kms)/,
    "Wants a bucket without encryption: AWS encrypts every new object since January 2023, and its buckets say AES256.",
  ],
  [/sse_kms_no_key/, "aws:kms without a key takes the account's aws/s3 key, as at AWS."],
  [
    /policy_status/,
    "A bucket without a policy has no status of one: AWS answers NoSuchBucketPolicy. Or the policy names a principal that is none, which AWS refuses.",
  ],
  [
    /policy_with_principal|principal_bucket_policy|bucket_policy_multipart/,
    "The policy names a principal that is none, or gives an action on objects a bucket for its resource: AWS refuses both as MalformedPolicy.",
  ],
  [
    /end_with_IfExists/,
    "The owner's own request is not limited by a policy that denies nothing (IAM, evaluation within one account).",
  ],
  [
    /head_object_404_with_policy_prefix/,
    "Who may not read an object learns by the right to list whether it is there, but only with s3:GetObject besides (HeadObject, Permissions).",
  ],
  [
    /get_part: .*(416|InvalidPart)/,
    "A part that an object does not have is 416 InvalidPartNumber at AWS; and an etag under SSE-C is no MD5, so a part that was sent again has another one.",
  ],
  [
    /copy_part_enc\[.*-sse-c-|sse_c_multipart_bad_download|sse_c_other_key/,
    "Completing an SSE-C upload needs no key at AWS unless it has a checksum algorithm; another key than the object's is 403 there.",
  ],
  [
    /checksum\w*: .*InvalidRequest' == 'BadDigest/,
    "A checksum that cannot be one, by its length, is AWS's InvalidRequest; BadDigest is a well-formed one that differs.",
  ],
  [
    /multipart_checksum_object_attributes/,
    "An upload with SHA256 is completed by naming each part's checksum; AWS refuses it without.",
  ],
  [
    /post_object\w*: assert 403 == 204/,
    "A form field that the form's policy does not name: AWS refuses it as an extra input field.",
  ],
  [/put_excess_tags/, "More than ten tags are AWS's BadRequest."],
  [
    /raw_put_authenticated_expired/,
    "X-Amz-Expires below zero is AWS's AuthorizationQueryParametersError (400).",
  ],
  [/get_object_torrent/, "BitTorrent is not offered (AWS ended it in 2022)."],
  [/unicode_metadata/, "Metadata beyond ASCII comes back as RFC 2047 words, as AWS writes it."],
  [
    /multipart_resend_first_finishes_last/,
    "The test names part 1 twice when it completes: AWS's InvalidPartOrder.",
  ],
  [
    /delete_marker_(nonversioned|expiration|suspended)/,
    "x-amz-delete-marker: false on a key that was never there, or is gone: AWS sends the header for markers only.",
  ],
  [
    /content_encoding_aws_chunked/,
    "The test announces aws-chunked for a body that is unsigned and not chunked: AWS refuses that.",
  ],
  [
    /incorrect_algo_sse_s3/,
    "An algorithm that does not exist is refused as such (400) before any policy is asked.",
  ],
  [
    /read_unreadable/,
    "The test's key is valid UTF-8 by the time that boto3 sends it; Ceph's own gateway fails it too (fails_on_rgw).",
  ],
  [
    /write_with_chunked_transfer_encoding/,
    "A body that is sent with Transfer-Encoding: chunked and no length is AWS's 501 NotImplemented.",
  ],
];

/** Undefined when nobody has looked at it yet. */
export function reasonOf(test: string, message: string): string | undefined {
  return REASONS.find(([pattern]) => pattern.test(`${test}: ${message}`))?.[1];
}
