import { config } from "zod";

// The schemas of AG-UI try to compile themselves as they are made, which our content security policy
// forbids: whoever imports this first spares the page a violation.
config({ jitless: true });
