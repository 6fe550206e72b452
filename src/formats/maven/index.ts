export { mavenDoor } from "./door.ts";
export { maven } from "./package-format.ts";
