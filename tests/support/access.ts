import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../../src/app";
import { loadConfig } from "../../src/config";
import type { AuditSender } from "../../src/db/access/audit";
import { insertKey, type NewKeyFields } from "../../src/db/access/keys";
import type { Sql } from "../../src/db/client";
import { openServices } from "../../src/services";
import { databaseUrl } from "./database";

/** Changes that no request makes, in the audit. */
export const OPERATOR: AuditSender = { key_id: null, user_id: null, route: null, request_id: null };

/** A key in the environment with the scope admin. */
export const BOOTSTRAP = "bootstrap-key-of-the-tests-0123456789";

/** The whole app with its guard, without a port. Its `await using` block closes it. */
export async function openGuardedApp(settings: Record<string, string> = {}) {
  const database = await databaseUrl();
  const DATA_ROOT = await mkdtemp(join(tmpdir(), "lectern-access-"));
  const config = loadConfig({
    DATABASE_URL: database.url,
    DATA_ROOT,
    LOG_LEVEL: "silent",
    BOOTSTRAP_API_KEY: BOOTSTRAP,
    ...settings,
  });
  const services = await openServices(
    { ...config, DATABASE_URL: database.url },
    { connections: 3, localEmbedderUrl: "http://127.0.0.1:1", name: "access" },
  );
  const app = createApp(services);
  await app.modules;
  const call = async (method: string, path: string, key?: string, more: RequestInit = {}) =>
    app.handle(
      new Request(`http://localhost${path}`, {
        method,
        ...more,
        headers: {
          ...(key && { authorization: `Bearer ${key}` }),
          ...(more.headers as Record<string, string>),
        },
      }),
    );
  return {
    app,
    services,
    /** A key that this process knows at once. */
    createKey: async (fields: Partial<NewKeyFields> = {}) => {
      const key = await createKey(services.db, fields);
      await services.keys.reload();
      return key;
    },
    db: services.db,
    call,
    postJson: (path: string, body: unknown, key?: string, headers: Record<string, string> = {}) =>
      call("POST", path, key, {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    async [Symbol.asyncDispose]() {
      services.stop();
      await services.close();
      await database.close();
      await rm(DATA_ROOT, { recursive: true, force: true });
    },
  };
}

/** A key in the database, as another process creates it. */
export async function createKey(db: Sql, fields: Partial<NewKeyFields> = {}): Promise<string> {
  const defaults: NewKeyFields = {
    name: "test",
    scopes: ["read"],
    course_ids: null,
    rate_per_minute: null,
    expires_at: null,
  };
  return (await insertKey(db, { ...defaults, ...fields }, OPERATOR)).key;
}
