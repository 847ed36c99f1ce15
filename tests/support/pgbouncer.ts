import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { freePort } from "./free-port";
import { eventually } from "./waiting";

export type Pooler = AsyncDisposable & {
  /** The address of the same database through the pooler. */
  url: string;
};

const program = Bun.which("pgbouncer") ?? Bun.which("/usr/sbin/pgbouncer");
export const hasPgBouncer = program !== null;
/** For the names of tests that need it. */
export const PGBOUNCER = hasPgBouncer ? "PgBouncer" : "PgBouncer, which is not installed here,";

/** A real PgBouncer in front of a database, with few connections so that clients have to share them. */
export async function startPgBouncer(
  databaseUrl: string,
  { mode, size = 4 }: { mode: "transaction" | "session"; size?: number },
): Promise<Pooler> {
  const { hostname, port, username, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), "pgbouncer-"));
  await chmod(folder, 0o755);
  const listenPort = await freePort();
  const settings = join(folder, "pgbouncer.ini");
  await Bun.write(
    settings,
    `[databases]
* = host=${hostname} port=${port} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${size}
max_client_conn = 200
`,
  );
  const asUser = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = Bun.spawn([program!, ...asUser, settings], { stdout: "ignore", stderr: "ignore" });
  const url = `postgres://${username}@127.0.0.1:${listenPort}${pathname}`;
  await eventually(
    () => answers(url),
    (isReady) => isReady,
  );
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
      await rm(folder, { recursive: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const sql = connect(url, { max: 1, isPooled: true });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
