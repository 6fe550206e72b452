import { describe, expect, test } from "bun:test";
import { type Admission, admit, type IncomingAsset, MOST_ASSETS, type PresentVersion } from "./admission.ts";

const incoming: IncomingAsset = { format: "npm", sha256: "aa", overwrite: false };
const present: PresentVersion = { status: "Published", assets: 1, same: undefined };

const CASES: readonly [string, PresentVersion | undefined, Partial<IncomingAsset>, Admission][] = [
  ["of a version nobody has", undefined, {}, "new version"],
  ["with the same bytes", { ...present, same: "aa" }, {}, "same asset"],
  ["whose bytes are not known yet", { ...present, same: "aa" }, { sha256: undefined }, "same asset"],
  ["with other bytes", { ...present, same: "bb" }, {}, "other content"],
  ["with other bytes, to be overwritten", { ...present, same: "bb" }, { overwrite: true }, "replaced asset"],
  ["of a version that is archived", { ...present, status: "Archived", same: "aa" }, {}, "version blocked"],
  ["of a version that was disposed of", { ...present, status: "Disposed", assets: 0 }, {}, "version blocked"],
  ["of an npm version that has its tarball", present, {}, "version complete"],
  ["of a generic version that is Published", present, { format: "generic" }, "version complete"],
  [
    "of a generic version that is Unfinished",
    { ...present, status: "Unfinished" },
    { format: "generic" },
    "new asset",
  ],
  ["of a PyPI version that is Published", present, { format: "pypi" }, "new asset"],
  [
    "of a Maven version that is Unlisted",
    { ...present, status: "Unlisted" },
    { format: "maven" },
    "new asset",
  ],
  ["number 150", { ...present, assets: MOST_ASSETS - 1 }, { format: "maven" }, "new asset"],
  ["number 151", { ...present, assets: MOST_ASSETS }, { format: "maven" }, "too many assets"],
  ["number 150 again", { ...present, assets: MOST_ASSETS, same: "aa" }, { format: "maven" }, "same asset"],
];

describe("a file", () => {
  for (const [title, version, change, admission] of CASES)
    test(`${title}: ${admission}`, () => expect(admit(version, { ...incoming, ...change })).toBe(admission));
});
