/**
 * The storage classes of objects and what they mean here. GLACIER and DEEP_ARCHIVE are archives: their bytes lie compressed in the
 * cold tier and cannot be read before a restore (restore-object.ts). All others lie in the hot tier and differ in name.
 */
import { AwsError } from "../../../aws/errors.ts";
import type { Version } from "../objects/version.ts";

export type StorageClass =
  | "STANDARD"
  | "REDUCED_REDUNDANCY"
  | "STANDARD_IA"
  | "INTELLIGENT_TIERING"
  | "ONEZONE_IA"
  | "GLACIER_IR"
  | "GLACIER"
  | "DEEP_ARCHIVE";

export interface StorageClassTraits {
  /** Not readable unless restored. */
  readonly archived: boolean;
  /** Where lifecycle may move an object from here (S3 User Guide, "Supported transitions"): downwards only. */
  readonly transitions: readonly StorageClass[];
  /** The earliest age in days at which lifecycle may move something here. */
  readonly minimumAge: number;
  /** Which of two transitions that are due together is taken: the higher one (User Guide, "lifecycle conflicts"). */
  readonly preference: number;
  /** Objects below 128 KiB move here also where the bucket says `varies_by_storage_class`. */
  readonly takesSmallObjects: boolean;
}

export const ARCHIVES = ["GLACIER", "DEEP_ARCHIVE"] as const;

export const STORAGE_CLASSES: Readonly<Record<StorageClass, StorageClassTraits>> = {
  STANDARD: {
    archived: false,
    transitions: ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", ...ARCHIVES],
    minimumAge: 0,
    preference: 0,
    takesSmallObjects: false,
  },
  REDUCED_REDUNDANCY: {
    archived: false,
    transitions: ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", ...ARCHIVES],
    minimumAge: 0,
    preference: 0,
    takesSmallObjects: false,
  },
  STANDARD_IA: {
    archived: false,
    transitions: ["INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", ...ARCHIVES],
    minimumAge: 30,
    preference: 1,
    takesSmallObjects: false,
  },
  ONEZONE_IA: {
    archived: false,
    transitions: [...ARCHIVES],
    minimumAge: 30,
    preference: 2,
    takesSmallObjects: false,
  },
  GLACIER_IR: {
    archived: false,
    transitions: [...ARCHIVES],
    minimumAge: 0,
    preference: 3,
    takesSmallObjects: false,
  },
  INTELLIGENT_TIERING: {
    archived: false,
    transitions: ["ONEZONE_IA", "GLACIER_IR", ...ARCHIVES],
    minimumAge: 0,
    preference: 4,
    takesSmallObjects: false,
  },
  GLACIER: {
    archived: true,
    transitions: ["DEEP_ARCHIVE"],
    minimumAge: 0,
    preference: 5,
    takesSmallObjects: true,
  },
  DEEP_ARCHIVE: {
    archived: true,
    transitions: [],
    minimumAge: 0,
    preference: 6,
    takesSmallObjects: true,
  },
};

export function isStorageClass(name: string): name is StorageClass {
  return Object.hasOwn(STORAGE_CLASSES, name);
}

/** What `x-amz-storage-class` asks for; STANDARD without one. Throws InvalidStorageClass. */
export function parseStorageClass(name: string | undefined): StorageClass {
  if (name === undefined) return "STANDARD";
  if (!isStorageClass(name))
    throw new AwsError("InvalidStorageClass", "The storage class you specified is not valid", {
      members: { StorageClassRequested: name },
    });
  return name;
}

export function isArchived(storageClass: string): boolean {
  return isStorageClass(storageClass) && STORAGE_CLASSES[storageClass].archived;
}

type Archivable = Pick<Version, "storageClass" | "restoredUntil">;

const REFUSALS = {
  read: "The operation is not valid for the object's storage class",
  copy: "Operation is not valid for the source object's storage class",
} as const;

/** Throws InvalidObjectState for archived content without a restored copy. @param use `copy` for the source of a copy */
export function readableOrThrow(version: Archivable, now: Date, use: keyof typeof REFUSALS = "read"): void {
  if (!isArchived(version.storageClass) || isRestored(version, now)) return;
  throw new AwsError("InvalidObjectState", REFUSALS[use], {
    status: 403,
    members: { StorageClass: version.storageClass },
  });
}

/** Whether a restore's readable copy is there. */
export function isRestored({ restoredUntil }: Archivable, now: Date): boolean {
  return restoredUntil !== null && restoredUntil > now.getTime();
}

/** `x-amz-restore` of GetObject and HeadObject; undefined where there is nothing to say. */
export function restoreHeader(version: Archivable, now: Date): string | undefined {
  if (!isArchived(version.storageClass)) return undefined;
  if (version.restoredUntil === 0) return 'ongoing-request="true"';
  if (version.restoredUntil === null || !isRestored(version, now)) return undefined;
  return `ongoing-request="false", expiry-date="${new Date(version.restoredUntil).toUTCString()}"`;
}
