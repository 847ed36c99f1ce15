import { KeyRing } from "../../src/db/access/key-ring";
import { UserDirectory } from "../../src/db/access/users";
import type { Sql } from "../../src/db/client";
import { guard } from "../../src/routes/http/auth";

/** The guard of a server without keys, for apps that consist of some routes only. */
export const keylessGuard = (db: Sql) => openGuard(db, { AUTH: "off" });

/** The guard of a server that asks for this key. */
export const guardWithKey = (db: Sql, key: string) =>
  openGuard(db, { AUTH: "auto", BOOTSTRAP_API_KEY: key });

const openGuard = (db: Sql, settings: { AUTH: "auto" | "off"; BOOTSTRAP_API_KEY?: string }) =>
  guard({
    db,
    keys: new KeyRing(db),
    users: new UserDirectory(db),
    oidc: null,
    config: { ...NO_LOGIN, ...settings },
  });

const NO_LOGIN = {
  HOST: "127.0.0.1",
  BOOTSTRAP_API_KEY: undefined,
  OIDC_ISSUER: undefined,
  TEACHERS_SEE_QUESTIONS: false,
};
