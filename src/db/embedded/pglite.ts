import { PGlite } from "@electric-sql/pglite";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { vector } from "@electric-sql/pglite-pgvector";
import { dataDir as readEmptyDatabase } from "@electric-sql/pglite-prepopulatedfs";
import type { SyncedFS } from "./synced-fs";

/**
 * PostgreSQL never frees its buffers, and PGlite's default of 160 MB is more than the rest of the process
 * needs. Pages that are not in the buffers are read from the operating system's cache. Measured with 8, 16 and
 * 32 MB, a search in 4 500 chunks takes the same time, because it computes distances most of the time.
 */
const SHARED_BUFFERS = "8MB";

/**
 * Every commit reaches the disk before it is acknowledged. PGlite's own parameters turn that off
 * (`-F`), and of the ways to sync, `fsync` alone reaches the disk from WebAssembly.
 */
const DURABLE = ["-c", "fsync=on", "-c", "wal_sync_method=fsync"];

/** Shows our statements on which engine they run. */
const OWN = ["-c", "lectern.embedded=on"];

/** PGlite does not read the settings of a role, where servers have these (ADR 56). */
const PLANNER = ["-c", "jit=off", "-c", "plan_cache_mode=force_generic_plan"];

/** The empty database that PGlite publishes has another name for it. */
const TIME_ZONE = ["-c", "timezone=UTC", "-c", "log_timezone=UTC"];

/**
 * PGlite with pgvector and pgmq. In a folder, an acknowledged commit survives a power failure.
 *
 * @param fs the folder of the data, which `makeDataDir` created; null keeps everything in memory
 * @param from a result of `dumpDataDir`; the database starts as that copy, and otherwise, in memory, empty
 */
export async function openPGlite(fs: SyncedFS | null, from?: Blob): Promise<PGlite> {
  const withoutSync = PGlite.defaultStartParams;
  const startParams = fs
    ? [...withoutSync.filter((parameter) => parameter !== "-F"), ...DURABLE]
    : withoutSync;
  const loadDataDir = from ?? (fs ? undefined : await readEmptyDatabase());
  const pglite = await PGlite.create({
    ...(fs && { fs }),
    ...(loadDataDir && { loadDataDir }),
    extensions: { vector, pgmq },
    startParams: [
      ...startParams,
      ...OWN,
      ...PLANNER,
      ...TIME_ZONE,
      "-c",
      `shared_buffers=${SHARED_BUFFERS}`,
    ],
  });
  await pglite.exec("create extension if not exists vector; create extension if not exists pgmq");
  return pglite;
}

export async function closePGlite(pglite: PGlite): Promise<void> {
  await pglite.exec("checkpoint");
  await pglite.close();
}
