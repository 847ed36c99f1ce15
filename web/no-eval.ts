import { config } from "zod";

// zod compiles schemas with `eval`, which our content security policy forbids. Import this file before
// the schemas of AG-UI.
config({ jitless: true });
