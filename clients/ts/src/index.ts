export {
  createLecternClient,
  type LecternClient,
  type LecternClientOptions,
} from "./client.js";
export { dataOf, LecternError } from "./errors.js";
export { itemsOf } from "./pages.js";
export * from "./schema.js";
export {
  followEvents,
  referencesOf,
  StreamInterruptedError,
  streamAnswer,
  streamEventsOf,
} from "./streams.js";
export { waitForDocument, waitForLecture } from "./wait.js";
