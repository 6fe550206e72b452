import { expect, test } from "bun:test";
import type { ObjectDescription } from "../objects/version.ts";
import { contentElements } from "./entries.ts";

const plain: ObjectDescription = {
  headers: {},
  metadata: {},
  encryption: { kind: "AES256", scope: "server" },
};
const lure = '"checksum":{"algorithm":"SHA1","value":"x","type":"COMPOSITE"}';

test.each([
  ["of an object without one nothing is said", plain, undefined],
  [
    "algorithm and type are said",
    { ...plain, checksum: { algorithm: "CRC32", value: "OtnkJg==", type: "FULL_OBJECT" } },
    ["CRC32", "FULL_OBJECT"],
  ],
  [
    "also where the value is not known",
    { ...plain, checksum: { type: "COMPOSITE", algorithm: "SHA256" } },
    ["SHA256", "COMPOSITE"],
  ],
  [
    "what metadata say of one is no checksum",
    { ...plain, headers: { "Content-Type": lure }, metadata: { checksum: lure, [lure]: lure } },
    undefined,
  ],
  [
    "nor in place of the object's own",
    {
      ...plain,
      metadata: { a: `{${lure}}`, checksum: `\\${lure}` },
      checksum: { algorithm: "CRC64NVME", value: "AAAAAAAAAAA=", type: "FULL_OBJECT" },
    },
    ["CRC64NVME", "FULL_OBJECT"],
  ],
] as const satisfies readonly (readonly [string, ObjectDescription, readonly string[] | undefined])[])(
  "a list's entry names the checksum of its object: %s",
  (_what, description, said) => {
    const xml = contentElements(
      {
        key: "a",
        size: 1,
        etag: "e",
        storage_class: "STANDARD",
        description: JSON.stringify(description),
        created_at: 0,
        restored_until: null,
      },
      "",
      false,
    );
    const found = ["Algorithm", "Type"].map((name) => new RegExp(`<Checksum${name}>(.*?)<`).exec(xml)?.[1]);
    expect(found).toEqual(said === undefined ? [undefined, undefined] : [...said]);
  },
);
