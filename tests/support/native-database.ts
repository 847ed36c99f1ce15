import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { connect, type Sql } from "../../src/db/client";
import { migrate, schemaFingerprint } from "../../src/db/migrate";
import type { TestDatabase } from "./database";

/** Seconds since 1970 in a name tell what an interrupted run left behind. */
const CLONE = /^lectern_test_(\d+)_/;
const ABANDONED_AFTER_SECONDS = 3_600;
/** One number for all who make templates on a server: the second waits for the first. */
const TEMPLATE_LOCK = 7_305_843;

/**
 * A database on the native server, which is started when none runs. Cloning a template takes
 * 0.05 s, running the migrations 0.3 s.
 *
 * @throws Error with what `scripts/postgres` says when there can be no native server
 */
export async function cloneNative(): Promise<TestDatabase> {
  const server = nativeServer();
  const admin = connect(server, { max: 1 });
  const template = `lectern_template_${(await schemaFingerprint()).slice(0, 12)}`;
  const clone = `lectern_test_${nowSeconds()}_${randomBytes(6).toString("hex")}`;
  try {
    await makeTemplate(admin, server, template);
    await admin`create database ${admin(clone)} template ${admin(template)}`;
    await copySettings(admin, template, clone);
  } finally {
    await admin.end();
  }
  return { url: withDatabase(server, clone), close: () => dropNative(server, clone) };
}

/** A clone does not get the settings of the role in the template, such as `jit = off`. */
async function copySettings(admin: Sql, template: string, clone: string): Promise<void> {
  const settings = await admin<{ name: string; value: string }[]>`
    select split_part(setting, '=', 1) as name, split_part(setting, '=', 2) as value
    from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid, unnest(s.setconfig) as setting
    where d.datname = ${template} and s.setrole = current_user::regrole`;
  for (const { name, value } of settings)
    await admin.unsafe(`alter role current_user in database ${clone} set ${name} = ${value}`);
}

async function makeTemplate(admin: Sql, server: string, template: string): Promise<void> {
  const isThere = () => admin`select from pg_database where datname = ${template}`;
  if ((await isThere()).count) return;

  await admin`select pg_advisory_lock(${TEMPLATE_LOCK})`; // ends with the connection
  if ((await isThere()).count) return;
  await dropAbandoned(admin);
  const unfinished = `${template}_unfinished`;
  await admin`drop database if exists ${admin(unfinished)} with (force)`;
  await admin`create database ${admin(unfinished)}`;
  await migrate(withDatabase(server, unfinished));
  await admin`alter database ${admin(unfinished)} rename to ${admin(template)}`;
}

/** Runs once per schema, which is often enough to keep a developer's server small. */
async function dropAbandoned(admin: Sql): Promise<void> {
  const databases = await admin<{ datname: string }[]>`select datname from pg_database`;
  for (const { datname } of databases) {
    const bornSeconds = Number(CLONE.exec(datname)?.[1]);
    if (bornSeconds < nowSeconds() - ABANDONED_AFTER_SECONDS) {
      await admin`drop database if exists ${admin(datname)} with (force)`;
    }
  }
}

async function dropNative(server: string, name: string): Promise<void> {
  const admin = connect(server, { max: 1 });
  await admin`drop database if exists ${admin(name)} with (force)`;
  await admin.end();
}

/** Starts the server when none runs, which takes long only the very first time. */
function nativeServer(): string {
  const start = Bun.spawnSync([join(import.meta.dir, "../../scripts/postgres"), "start"]);
  if (start.exitCode !== 0) throw new Error(start.stderr.toString());
  return start.stdout.toString().trim().split("\n").at(-1)!;
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

const nowSeconds = () => Math.floor(Date.now() / 1_000);
