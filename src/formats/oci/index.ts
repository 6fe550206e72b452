export { registryDoor } from "./door.ts";
