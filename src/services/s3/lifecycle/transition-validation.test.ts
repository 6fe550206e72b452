/** What S3 refuses of transitions: each by itself, and their order with each other and the expiration. */
import { describe, expect, test } from "bun:test";
import { check, midnight, type Rules, refusal, tag } from "./testing/validation-cases.ts";

describe("refused of transitions", () => {
  const cases: readonly (readonly [name: string, rules: Rules, refusal: string])[] = [
    [
      "an unknown class",
      [{ Transitions: [{ Days: 1, StorageClass: "GLACIAL" as "GLACIER" }] }],
      "MalformedXML",
    ],
    [
      "a class that is no target",
      [{ Transitions: [{ Days: 1, StorageClass: "STANDARD" as "GLACIER" }] }],
      "MalformedXML",
    ],
    ["no class", [{ Transitions: [{ Days: 1 }] }], "MalformedXML"],
    ["no time", [{ Transitions: [{ StorageClass: "GLACIER" }] }], "MalformedXML"],
    ["two times", [{ Transitions: [{ Days: 1, Date: midnight, StorageClass: "GLACIER" }] }], "MalformedXML"],
    [
      "a transition below zero days",
      [{ Transitions: [{ Days: -1, StorageClass: "GLACIER" }] }],
      "InvalidArgument: 'Days' in Transition action must be nonnegative",
    ],
    [
      "a transition's date in the morning",
      [{ Transitions: [{ Date: new Date("2030-01-01T00:00:01Z"), StorageClass: "GLACIER" }] }],
      "InvalidArgument: 'Date' must be at midnight GMT",
    ],
    [
      "infrequent access before 30 days",
      [{ Transitions: [{ Days: 29, StorageClass: "STANDARD_IA" }] }],
      "InvalidArgument: 'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
    ],
    [
      "the same in one zone",
      [{ Transitions: [{ Days: 0, StorageClass: "ONEZONE_IA" }] }],
      "InvalidArgument: 'Days' in Transition action must be greater than or equal to 30 for storageClass 'ONEZONE_IA'",
    ],
    [
      "the same of noncurrent versions",
      [{ NoncurrentVersionTransitions: [{ NoncurrentDays: 1, StorageClass: "STANDARD_IA" }] }],
      "InvalidArgument: 'NoncurrentDays' in NoncurrentVersionTransition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
    ],
    [
      "one class twice",
      [
        {
          Transitions: [
            { Days: 1, StorageClass: "GLACIER" },
            { Days: 2, StorageClass: "GLACIER" },
          ],
        },
      ],
      "InvalidRequest: 'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'",
    ],
    [
      "dates and days",
      [
        {
          Filter: { Prefix: "a/" },
          Transitions: [
            { Days: 1, StorageClass: "GLACIER" },
            { Date: midnight, StorageClass: "DEEP_ARCHIVE" },
          ],
        },
      ],
      "InvalidRequest: Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '(prefix=a/)'",
    ],
    [
      "a date and the expiration's days",
      [{ Expiration: { Days: 90 }, Transitions: [{ Date: midnight, StorageClass: "GLACIER" }] }],
      "InvalidRequest: Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=)'",
    ],
    [
      "the colder class first",
      [
        {
          Transitions: [
            { Days: 90, StorageClass: "GLACIER" },
            { Days: 30, StorageClass: "DEEP_ARCHIVE" },
          ],
        },
      ],
      "InvalidArgument: 'Days' in the 'Transition' action for StorageClass 'DEEP_ARCHIVE' for filter '(prefix=)' must be greater than 'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=)'",
    ],
    [
      "an archive 10 days after infrequent access",
      [
        {
          Transitions: [
            { Days: 40, StorageClass: "GLACIER" },
            { Days: 30, StorageClass: "STANDARD_IA" },
          ],
        },
      ],
      "InvalidArgument: 'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=)' must be 30 days more than 'Days' in the 'Transition' action for StorageClass 'STANDARD_IA' for filter '(prefix=)'",
    ],
    [
      "expiration on the day of the transition",
      [{ Expiration: { Days: 30 }, Transitions: [{ Days: 30, StorageClass: "GLACIER" }] }],
      "InvalidArgument: 'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action",
    ],
    [
      "the same with a prefix of old",
      [
        {
          Filter: undefined,
          Prefix: "x",
          Expiration: { Days: 3 },
          Transitions: [{ Days: 30, StorageClass: "GLACIER" }],
        },
      ],
      "InvalidArgument: 'Days' in the Expiration action for prefix 'x' must be greater than 'Days' in the Transition action",
    ],
    [
      "the same by date",
      [{ Expiration: { Date: midnight }, Transitions: [{ Date: midnight, StorageClass: "GLACIER" }] }],
      "InvalidArgument: 'Date' in the Expiration action for filter '(prefix=)' must be later than 'Date' in the Transition action",
    ],
    [
      "the same of noncurrent versions",
      [
        {
          Filter: { And: { Prefix: "t/", Tags: [tag("a", "b")], ObjectSizeLessThan: 5 } },
          NoncurrentVersionExpiration: { NoncurrentDays: 9 },
          NoncurrentVersionTransitions: [{ NoncurrentDays: 9, StorageClass: "GLACIER" }],
        },
      ],
      "InvalidArgument: 'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '(prefix=t/ and tag={key=a, value=b} and objectsizelessthan=5)' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action",
    ],
    [
      "a noncurrent transition without days",
      [{ NoncurrentVersionTransitions: [{ StorageClass: "GLACIER" }] }],
      "MalformedXML",
    ],
  ];
  test.each(cases)("%s", (_name, rules, expected) => {
    expect(refusal(() => check(rules))).toBe(expected);
  });
});
