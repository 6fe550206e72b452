/** The door of S3's clients: SDKs, tools, browsers. */
export { type S3DoorParts, s3Door } from "./door.ts";
