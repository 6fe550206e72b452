export { packageDoors } from "./door.ts";
