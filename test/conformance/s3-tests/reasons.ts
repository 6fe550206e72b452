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
    /bad_authorization_(empty|none)|contentlength_none/,
    "The suite takes a header away before boto3 sets it, so the request that arrives has it and is a good one.",
  ],
  [
    /put_obj_request_obj_tag/,
    "The test adds x-amz-tagging on the owner's client and sends with the other account's, so the request lacks the tag that the policy demands.",
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
    /policy_with_principal|principal_bucket_policy/,
    "The policy names arn:aws:iam::s3tenant1:root, and an account has twelve digits: AWS refuses it (MalformedPolicy, Invalid principal in policy).",
  ],
  [/policy_status/, "A bucket without a policy has no status of one: AWS answers NoSuchBucketPolicy (404)."],
  [
    /bucket_policy_multipart/,
    "The policy gives s3:PutObject the bucket itself for its resource: AWS refuses it (MalformedPolicy, Action does not apply to any resource(s) in statement).",
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
    /sse_c_get_part: .*InvalidPart' == |multipart_sse_c_get_part: .*InvalidRequest/,
    "The last request, for a part that is not there, brings no key of an object under SSE-C: AWS's InvalidRequest before anything else.",
  ],
  [
    /get_part: .*(416|InvalidPart)/,
    "A part that an object does not have is 416 InvalidPartNumber at AWS, where Ceph says 400 InvalidPart.",
  ],
  [
    /copy_part_enc\[.*-sse-c-/,
    "The test completes an SSE-C upload without its key and wants that refused. AWS demands the key there only of an upload with a checksum algorithm.",
  ],
  [
    /sse_c_multipart_bad_download|sse_c_other_key/,
    "Reading with another key than the object's is AWS's 403 AccessDenied, where Ceph says 400.",
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
