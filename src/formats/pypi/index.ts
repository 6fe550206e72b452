export { pypiDoor } from "./door.ts";
export { pypiFormat } from "./format.ts";
