import { parseArgs } from "node:util";
import type { ZodType } from "zod";
import type { AuditSender } from "../db/access/audit";
import {
  type ApiKey,
  type IssuedApiKey,
  insertKey,
  listKeys,
  revokeKey,
  rotateKey,
} from "../db/access/keys";
import type { Sql } from "../db/client";
import { toFieldProblems } from "../errors";
import { KeyId, NewKey, Rotation, toKeyFields, toKeyRotation } from "../routes/keys";
import { useInstallation } from "./installation";
import { exitWithUsage, runMain } from "./run-main";
import type { ServerClient } from "./running-server";

/**
 * `./lectern keys`: creates, lists, rotates and revokes API keys. It uses the database directly. It calls
 * a running server if LECTERN_URL names one, or if that server has locked the embedded database.
 */
const USAGE = `Usage: ./lectern keys create --name NAME --scopes read,chat [--courses ID,ID] [--expires-in-days N] [--rate-per-minute N]
       ./lectern keys list [--json]
       ./lectern keys rotate KEY_ID [--overlap-hours N] [--rate-per-minute N]
       ./lectern keys revoke KEY_ID
LECTERN_URL and LECTERN_API_KEY choose a running server and its key; unset: the server of these settings.`;

/** Manages the keys in the database, or through the API of a running server. */
type KeyStore = {
  create(fields: NewKey): Promise<IssuedApiKey>;
  list(): Promise<ApiKey[]>;
  rotate(key_id: string, rotation: Rotation): Promise<IssuedApiKey>;
  revoke(key_id: string): Promise<void>;
};

async function main(args: string[]): Promise<void> {
  const run = readCommand(args);
  await useInstallation({
    server: (ask) => run(openServerStore(ask)),
    database: (db) => run(openDatabaseStore(db)),
  });
}

function readCommand(args: string[]): (store: KeyStore) => Promise<void> {
  const [command, ...rest] = args;
  const { values, positionals } = readOptions(rest);
  const { name, scopes, courses } = values;
  const [key_id = ""] = positionals;
  const rate_per_minute = toNumber(values["rate-per-minute"]);
  if (command === "create" && positionals.length === 0) {
    const fields = valid(NewKey, {
      name,
      scopes: toList(scopes),
      course_ids: courses === undefined ? undefined : toList(courses),
      rate_per_minute,
      expires_in_days: toNumber(values["expires-in-days"]),
    });
    return async (store) => show(await store.create(fields));
  }
  if (command === "list" && positionals.length === 0) {
    return async (store) => print(await store.list(), values.json === true);
  }
  if (command === "rotate" && positionals.length === 1) {
    const rotation = valid(Rotation, {
      overlap_hours: toNumber(values["overlap-hours"]),
      rate_per_minute,
    });
    const id = valid(KeyId, key_id);
    return async (store) => {
      show(await store.rotate(id, rotation));
      console.error(`${id} stays valid for ${rotation.overlap_hours} hours at most.`);
    };
  }
  if (command === "revoke" && positionals.length === 1) {
    const id = valid(KeyId, key_id);
    return async (store) => {
      await store.revoke(id);
      console.error(`${id} is revoked. Running servers refuse it within 10 seconds.`);
    };
  }
  return exitWithUsage(
    args.length === 0 ? "Name a command" : `${args.join(" ")}: no such command`,
    USAGE,
  );
}

function readOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        name: { type: "string" },
        scopes: { type: "string" },
        courses: { type: "string" },
        "expires-in-days": { type: "string" },
        "overlap-hours": { type: "string" },
        "rate-per-minute": { type: "string" },
        json: { type: "boolean" },
      },
    });
  } catch (error) {
    return exitWithUsage(error, USAGE);
  }
}

const toList = (text = "") =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
const toNumber = (text: string | undefined) => (text === undefined ? undefined : Number(text));

function valid<Output>(schema: ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = toFieldProblems(result.error);
  const lines = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return exitWithUsage(lines.join("\n"), USAGE);
}

/** Only the key is on standard output, so that a script can store it. */
function show({ key, key_id, scopes, course_ids, expires_at }: IssuedApiKey): void {
  console.log(key);
  const courses = course_ids ? `${course_ids.length} courses` : "all courses";
  const end = expires_at ? `until ${expires_at}` : "without expiry";
  console.error(`Key ${key_id}: ${scopes.join(", ")}; ${courses}; ${end}.`);
  console.error("The key is shown only now. Store it in a safe place.");
}

function print(keys: ApiKey[], asJson: boolean): void {
  if (asJson) {
    console.log(JSON.stringify(keys, null, 2));
    return;
  }
  const rows = keys.map((key) => ({
    key_id: key.key_id,
    name: key.name,
    scopes: key.scopes.join(","),
    courses: key.course_ids?.length ?? "all",
    rate_per_minute: key.rate_per_minute ?? "default",
    state: stateOf(key),
    last_used_at: key.last_used_at ?? "never",
  }));
  if (rows.length === 0) console.log("There is no key.");
  else console.table(rows);
}

function stateOf({ revoked_at, expires_at }: ApiKey): string {
  if (revoked_at) return "revoked";
  if (!expires_at) return "active";
  return Date.parse(expires_at) <= Date.now() ? "expired" : `until ${expires_at}`;
}

const openDatabaseStore = (db: Sql): KeyStore => ({
  create: (fields) => insertKey(db, toKeyFields(fields), SENDER),
  list: () => listKeys(db),
  rotate: (key_id, rotation) => rotateKey(db, key_id, toKeyRotation(rotation), SENDER),
  revoke: (key_id) => revokeKey(db, key_id, SENDER),
});

/** The sender in the audit. */
const SENDER: AuditSender = {
  key_id: null,
  user_id: null,
  route: "lectern keys",
  request_id: null,
};

const openServerStore = (ask: ServerClient): KeyStore => ({
  create: async (fields) => (await ask("POST", "/api/keys", fields)) as IssuedApiKey,
  list: async () => ((await ask("GET", "/api/keys")) as { items: ApiKey[] }).items,
  rotate: async (key_id, rotation) =>
    (await ask("POST", `/api/keys/${key_id}/rotate`, rotation)) as IssuedApiKey,
  revoke: async (key_id) => {
    await ask("DELETE", `/api/keys/${key_id}`);
  },
});

await runMain(main);
