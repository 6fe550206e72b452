export { type RegistryDoorParts, registryDoor } from "./door.ts";
