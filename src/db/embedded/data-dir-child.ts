/** The process that makes the folder of a new database, named by its argument, and ends. */
import { closePGlite, openPGlite } from "./pglite";

await closePGlite(await openPGlite(process.argv[2]!));
