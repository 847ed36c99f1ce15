/**
 * Sends the first requests of the page. Import this file first: its requests are answered while the browser
 * evaluates the rest of the code.
 */
import { requestFirst } from "./server/courses";
import { takeSharedKey } from "./server/credential";

takeSharedKey();
requestFirst();
