import { AppError } from "../../errors";
import type { Sql } from "../client";

const TABLES = ["lecture_chunks", "slide_chunks"] as const;
/** Of so many chunks of a kind, a search across courses compares all vectors by their bits (`nearest_across_courses`). */
export const FEW_CHUNKS = 20_000;
/** More lists need more memory: 1 000 lists need about 260 MB while the index is built. */
const MOST_LISTS = 1_000;
const BUILD_MEMORY = "512MB";

/**
 * Builds the `ivfflat` indexes for the search across courses when there are enough chunks, and again when the number
 * of chunks calls for twice or half as many lists. The lists are the square root of the chunks. Writers are not
 * blocked, except on the embedded database, which runs one statement at a time. Does nothing while another process builds.
 *
 * @param signal cancels a build; the next call starts it again
 * @param leastChunks a table with fewer chunks has no index
 * @returns the tables whose index was built or removed
 * @throws AppError `cancelled`
 */
export async function refreshNearestIndexes(
  sql: Sql,
  signal: AbortSignal,
  leastChunks = FEW_CHUNKS,
): Promise<string[]> {
  // Its own connection: a build takes minutes, and cannot run in a transaction.
  const connection = await sql.reserve();
  try {
    // No advisory lock: behind PgBouncer another connection could not release it.
    const [state] = await connection<{ builds: boolean; embedded: boolean }[]>`
      select exists (select from pg_stat_progress_create_index
                     where datname = current_database() and relid = any(${TABLES as never}::text[]::regclass[])) as builds,
             coalesce(current_setting('lectern.embedded', true) = 'on', false) as embedded`;
    const { builds, embedded } = state!;
    if (builds) return [];
    const changed: string[] = [];
    for (const table of TABLES) {
      const isChanged = await refreshIndex(connection, table, { embedded, leastChunks, signal });
      if (isChanged) changed.push(table);
    }
    return changed;
  } finally {
    connection.release();
  }
}

async function refreshIndex(
  sql: Sql,
  table: (typeof TABLES)[number],
  {
    embedded,
    leastChunks,
    signal,
  }: { embedded: boolean; leastChunks: number; signal: AbortSignal },
): Promise<boolean> {
  const name = `${table}_nearest`;
  const [found] = await sql<{ chunks: number; lists: number | null }[]>`
    select (select count(*)::int from ${sql(table)}) as chunks, (
      select substring(array_to_string(c.reloptions, ',') from 'lists=(\\d+)')::int
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = ${table}::regclass and i.indisvalid and c.relname = ${name}) as lists`;
  const { chunks, lists } = found!;
  const wanted = Math.min(MOST_LISTS, Math.round(Math.sqrt(chunks)));
  const isNeeded = chunks >= leastChunks;
  if (isNeeded ? lists !== null && lists < wanted * 2 && wanted < lists * 2 : lists === null) {
    return false;
  }
  const concurrently = embedded ? sql`` : sql`concurrently`;
  const fresh = `${name}_new`;
  // A build that was cancelled or crashed leaves an invalid index.
  await sql`drop index ${concurrently} if exists ${sql(fresh)}`;
  if (isNeeded) {
    await sql`select set_config('maintenance_work_mem', ${BUILD_MEMORY}, false)`;
    try {
      await cancellable(
        sql`create index ${concurrently} ${sql(fresh)} on ${sql(table)}
            using ivfflat (embedding_bits bit_hamming_ops)
            with (lists = ${sql.unsafe(String(wanted))})`,
        signal,
      );
    } finally {
      await sql`reset maintenance_work_mem`;
    }
  }
  await sql`drop index ${concurrently} if exists ${sql(name)}`;
  if (isNeeded) await sql`alter index ${sql(fresh)} rename to ${sql(name)}`;
  return true;
}

async function cancellable(statement: ReturnType<Sql>, signal: AbortSignal): Promise<void> {
  const cancel = () => statement.cancel();
  if (signal.aborted) throw new AppError("cancelled");
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await statement;
  } catch (error) {
    throw signal.aborted ? new AppError("cancelled", {}, { cause: error }) : error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
