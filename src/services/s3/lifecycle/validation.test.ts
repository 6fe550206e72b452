/** What S3 refuses of lifecycle documents, rule by rule of its own, and what it takes. */
import { describe, expect, test } from "bun:test";
import { check, EXPIRES, later, midnight, type Rules, refusal, tag } from "./testing/validation-cases.ts";
import { checkMinimumSize } from "./validation.ts";

describe("refused", () => {
  const cases: readonly (readonly [name: string, rules: Rules, refusal: string])[] = [
    ["no rules", [], "MalformedXML"],
    [
      "1,001 rules",
      Array(1_001).fill(EXPIRES),
      "InvalidRequest: The number of lifecycle rules must not exceed the allowed limit of 1000 rules.",
    ],
    [
      "a thousand rules that have more to say than any need: each request to the bucket would read them",
      Array(1_000).fill({ Expiration: { Days: 1 }, Filter: { Prefix: "p".repeat(1_024) } }),
      "InvalidRequest: The lifecycle configuration must not exceed 1048576 bytes.",
    ],
    [
      "an ID of 256 characters",
      [{ ...EXPIRES, ID: "a".repeat(256) }],
      "InvalidArgument: ID length should not exceed allowed limit of 255",
    ],
    [
      "two rules with one ID",
      [
        { ...EXPIRES, ID: "a" },
        { ...EXPIRES, ID: "a" },
      ],
      "InvalidArgument: Rule ID must be unique. Found same ID for more than one rule",
    ],
    ["a status of another case", [{ ...EXPIRES, Status: "enabled" as "Enabled" }], "MalformedXML"],
    ["no status", [{ ...EXPIRES, Status: undefined }], "MalformedXML"],
    ["neither filter nor prefix", [{ ...EXPIRES, Filter: undefined }], "MalformedXML"],
    ["both filter and prefix", [{ ...EXPIRES, Prefix: "a" }], "MalformedXML"],
    [
      "a filter after a prefix",
      [{ ...EXPIRES, Filter: undefined, Prefix: "a" }, EXPIRES],
      "InvalidRequest: Filter element can only be used in Lifecycle V2.",
    ],
    [
      "a prefix after a filter",
      [EXPIRES, { ...EXPIRES, Filter: undefined, Prefix: "a" }],
      "InvalidRequest: Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.",
    ],
    [
      "overlapping prefixes of old",
      [
        { ...EXPIRES, Filter: undefined, Prefix: "b/a" },
        { ...EXPIRES, Filter: undefined, Prefix: "b" },
      ],
      "InvalidRequest: Found overlapping prefixes 'b' and 'b/a' for same action type 'Expiration'",
    ],
    ["no action", [{}], "InvalidRequest: At least one action needs to be specified in a rule"],
    [
      "no transitions in the list of them",
      [{ Transitions: [] }],
      "InvalidRequest: At least one action needs to be specified in a rule",
    ],

    [
      "two predicates in a filter",
      [{ ...EXPIRES, Filter: { Prefix: "", ObjectSizeGreaterThan: 1 } }],
      "MalformedXML",
    ],
    [
      "And beside another predicate",
      [{ ...EXPIRES, Filter: { Prefix: "a", And: { Prefix: "a", Tags: [tag("a")] } } }],
      "MalformedXML",
    ],
    ["And of one prefix", [{ ...EXPIRES, Filter: { And: { Prefix: "a" } } }], "MalformedXML"],
    ["And of one tag", [{ ...EXPIRES, Filter: { And: { Tags: [tag("a")] } } }], "MalformedXML"],
    ["an empty And", [{ ...EXPIRES, Filter: { And: {} } }], "MalformedXML"],
    [
      "one tag key twice",
      [{ ...EXPIRES, Filter: { And: { Tags: [tag("a", "1"), tag("a", "2")] } } }],
      "InvalidRequest: Duplicate Tag Keys are not allowed.",
    ],
    [
      "a tag without a key",
      [{ ...EXPIRES, Filter: { Tag: { Key: undefined, Value: "v" } } }],
      "MalformedXML",
    ],
    [
      "a tag without a value",
      [{ ...EXPIRES, Filter: { Tag: { Key: "k", Value: undefined } } }],
      "MalformedXML",
    ],
    [
      "a tag key of 129 characters",
      [{ ...EXPIRES, Filter: { Tag: tag("k".repeat(129)) } }],
      "InvalidTag: The TagKey you have provided is invalid",
    ],
    [
      "a tag value of 257 characters",
      [{ ...EXPIRES, Filter: { Tag: tag("k", "v".repeat(257)) } }],
      "InvalidTag: The TagValue you have provided is invalid",
    ],
    [
      "smaller than nothing",
      [{ ...EXPIRES, Filter: { ObjectSizeLessThan: 0 } }],
      "InvalidRequest: 'ObjectSizeLessThan' should be between 1 and 1099511627776000.",
    ],
    [
      "larger than less than nothing",
      [{ ...EXPIRES, Filter: { ObjectSizeGreaterThan: -1 } }],
      "InvalidRequest: 'ObjectSizeGreaterThan' should be between 0 and 1099511627776000.",
    ],
    [
      "larger than any object",
      [{ ...EXPIRES, Filter: { ObjectSizeGreaterThan: 1_099_511_627_776_001 } }],
      "InvalidRequest: 'ObjectSizeGreaterThan' should be between 0 and 1099511627776000.",
    ],
    [
      "no size between the two",
      [{ ...EXPIRES, Filter: { And: { ObjectSizeGreaterThan: 5, ObjectSizeLessThan: 5 } } }],
      "InvalidRequest: 'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.",
    ],
    [
      "a prefix of 1,025 bytes",
      [{ ...EXPIRES, Filter: { Prefix: `${"é".repeat(512)}a` } }],
      "InvalidRequest: The maximum size of a prefix is 1024.",
    ],

    ["an empty expiration", [{ Expiration: {} }], "MalformedXML"],
    ["days and date", [{ Expiration: { Days: 1, Date: midnight } }], "MalformedXML"],
    [
      "days and the marker's flag",
      [{ Expiration: { Days: 1, ExpiredObjectDeleteMarker: true } }],
      "MalformedXML",
    ],
    [
      "date and the marker's flag",
      [{ Expiration: { Date: midnight, ExpiredObjectDeleteMarker: false } }],
      "MalformedXML",
    ],
    [
      "zero days",
      [{ Expiration: { Days: 0 } }],
      "InvalidArgument: 'Days' for Expiration action must be a positive integer",
    ],
    [
      "days below zero",
      [{ Expiration: { Days: -1 } }],
      "InvalidArgument: 'Days' for Expiration action must be a positive integer",
    ],
    ["half a day", [{ Expiration: { Days: 0.5 } }], "MalformedXML"],
    ["more days than 32 bits hold", [{ Expiration: { Days: 2_147_483_648 } }], "MalformedXML"],
    [
      "a date in the morning",
      [{ Expiration: { Date: new Date("2030-01-01T07:00:00Z") } }],
      "InvalidArgument: 'Date' must be at midnight GMT",
    ],
    ["a date that is none", [{ Expiration: { Date: new Date("x") } }], "MalformedXML"],
    [
      "the marker's flag with a tag",
      [{ Expiration: { ExpiredObjectDeleteMarker: true }, Filter: { Tag: tag("a") } }],
      "InvalidRequest: ExpiredObjectDeleteMarker cannot be specified with Tags.",
    ],
    [
      "the marker's flag with a size",
      [{ Expiration: { ExpiredObjectDeleteMarker: false }, Filter: { ObjectSizeLessThan: 9 } }],
      "InvalidRequest: ExpiredObjectDeleteMarker cannot be specified with Object Size.",
    ],

    ["no noncurrent days", [{ NoncurrentVersionExpiration: {} }], "MalformedXML"],
    [
      "a number to keep without days",
      [{ NoncurrentVersionExpiration: { NewerNoncurrentVersions: 1 } }],
      "MalformedXML",
    ],
    [
      "zero noncurrent days",
      [{ NoncurrentVersionExpiration: { NoncurrentDays: 0 } }],
      "InvalidArgument: 'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
    ],
    [
      "zero versions to keep",
      [{ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 0 } }],
      "InvalidArgument: 'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer",
    ],
    [
      "101 versions to keep",
      [{ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 101 } }],
      "InvalidArgument: 'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be an integer between 1 and 100",
    ],
    [
      "versions to keep with a prefix of old",
      [
        {
          Filter: undefined,
          Prefix: "",
          NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
        },
      ],
      "InvalidRequest: NewerNoncurrentVersions element can only be used in Lifecycle V2.",
    ],

    ["an abort without days", [{ AbortIncompleteMultipartUpload: {} }], "MalformedXML"],
    [
      "an abort after zero days",
      [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 0 } }],
      "InvalidArgument: 'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
    ],
    [
      "an abort with a tag",
      [
        {
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          Filter: { And: { Prefix: "a", Tags: [tag("a")] } },
        },
      ],
      "InvalidRequest: AbortIncompleteMultipartUpload cannot be specified with Tags.",
    ],
    [
      "an abort with a size",
      [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Filter: { ObjectSizeGreaterThan: 0 } }],
      "InvalidRequest: AbortIncompleteMultipartUpload cannot be specified with Object Size.",
    ],
  ];
  test.each(cases)("%s", (_name, rules, expected) => {
    expect(refusal(() => check(rules))).toBe(expected);
  });

  test("an unknown default minimum size", () => {
    expect(refusal(() => checkMinimumSize("value" as "varies_by_storage_class"))).toBe(
      "InvalidRequest: Invalid TransitionDefaultMinimumObjectSize found: value",
    );
    expect(checkMinimumSize(undefined)).toBe("all_storage_classes_128K");
  });
});

describe("taken", () => {
  const cases: readonly (readonly [name: string, rules: Rules])[] = [
    ["1,000 rules", Array(1_000).fill(EXPIRES)],
    ["an ID of 255 characters", [{ ...EXPIRES, ID: "a".repeat(255) }]],
    ["a transition after zero days", [{ Transitions: [{ Days: 0, StorageClass: "GLACIER_IR" }] }]],
    [
      "an And of an empty prefix and a size",
      [{ ...EXPIRES, Filter: { And: { Prefix: "", ObjectSizeGreaterThan: 0 } } }],
    ],
    ["an And of two tags", [{ ...EXPIRES, Filter: { And: { Tags: [tag("a"), tag("b", "")] } } }]],
    [
      "every step down, each later",
      [
        {
          Expiration: { Days: 400 },
          Transitions: [
            { Days: 30, StorageClass: "STANDARD_IA" },
            { Days: 60, StorageClass: "INTELLIGENT_TIERING" },
            { Days: 90, StorageClass: "GLACIER_IR" },
            { Days: 180, StorageClass: "GLACIER" },
            { Days: 181, StorageClass: "DEEP_ARCHIVE" },
          ],
        },
      ],
    ],
    [
      "dates, each later",
      [{ Expiration: { Date: later }, Transitions: [{ Date: midnight, StorageClass: "GLACIER" }] }],
    ],
    [
      "the marker's flag beside noncurrent versions",
      [
        {
          Expiration: { ExpiredObjectDeleteMarker: true },
          NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 100 },
        },
      ],
    ],
    [
      "prefixes of old side by side",
      [
        { ...EXPIRES, Filter: undefined, Prefix: "a/" },
        { ...EXPIRES, Filter: undefined, Prefix: "b/" },
      ],
    ],
    [
      "overlapping prefixes of old with different actions",
      [
        { ...EXPIRES, Filter: undefined, Prefix: "a/" },
        { Filter: undefined, Prefix: "a/b", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      ],
    ],
    ["overlapping filters", [{ ...EXPIRES, Filter: { Prefix: "a" } }, EXPIRES]],
  ];
  test.each(cases)("%s", (_name, rules) => {
    expect(refusal(() => check(rules))).toBe("taken");
  });

  test("rules without an ID are given one each, of S3's form; others keep theirs", () => {
    const ids = check([EXPIRES, { ...EXPIRES, ID: "mine" }, { ...EXPIRES, ID: "" }]).map(({ ID }) => ID);
    expect(ids[0]).toMatch(/^[A-Za-z0-9+/]{48}$/);
    expect(ids[1]).toBe("mine");
    expect(new Set(ids).size).toBe(3);
  });
});
