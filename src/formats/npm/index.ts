export { npmDoor } from "./door.ts";
export { npmFormat } from "./package-format.ts";
