import { readFile } from "node:fs/promises";
import { AppError } from "../../errors";

/** The database has an open file for each table and index in use, the server one for each connection. */
const LEAST_OPEN_FILES = 1_024;

/**
 * With fewer, the process fails later, in the middle of a job or of an upload. On systems without `/proc` the limit is not known.
 *
 * @throws AppError `database_not_opened` when this process can have fewer than 1 024 open files
 */
export async function assertEnoughOpenFiles(dataDir: string): Promise<void> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const [, limit] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  if (limit === undefined || Number(limit) >= LEAST_OPEN_FILES) return;
  const advice = `This process can have only ${limit} open files: allow ${LEAST_OPEN_FILES}, by ulimit -n before the start or LimitNOFILE of systemd`;
  throw new AppError("database_not_opened", { data_dir: dataDir, advice });
}
