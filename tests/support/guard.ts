import { KeyRing } from "../../src/db/access/key-ring";
import { UserDirectory } from "../../src/db/access/users";
import type { Sql } from "../../src/db/client";
import { guard } from "../../src/routes/http/auth";

/** The guard of a server without keys, for apps that consist of some routes only. */
export const keylessGuard = (db: Sql) =>
  guard({
    db,
    keys: new KeyRing(db),
    users: new UserDirectory(db),
    oidc: null,
    config: { AUTH: "off", HOST: "127.0.0.1", TEACHERS_SEE_QUESTIONS: false },
  });
