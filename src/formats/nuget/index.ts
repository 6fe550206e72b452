export { nugetDoor } from "./door.ts";
export { nuget } from "./package-format.ts";
