import type { PGlite } from "@electric-sql/pglite";
import type { Backend } from "./backend";

const LOOK_EVERY_MS = 10_000;
/** Recovery after a crash reads this much at most, in about a second. */
const MAX_WAL_BYTES = 64_000_000;

/**
 * Writes a checkpoint whenever 64 MB of write-ahead log have collected.
 *
 * PostgreSQL leaves that to a background process, which PGlite does not have: without this, the log
 * grows until the database is closed, and a start after a crash reads all of it.
 *
 * @returns stops it
 */
export function keepWalShort(backend: Backend): () => void {
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    // A backend that is broken is reported by those who use it.
    await backend.between(checkpointWhenLong).catch(() => {});
    isLooking = false;
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

async function checkpointWhenLong(pglite: PGlite): Promise<void> {
  const { rows } = await pglite.query<{ bytes: number }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes
     from pg_control_checkpoint()`,
  );
  if (rows[0]!.bytes > MAX_WAL_BYTES) await pglite.exec("checkpoint");
}
