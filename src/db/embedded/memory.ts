import type { Log } from "../../log";

/**
 * The memory that docs/deploy.md states for the embedded database and the local models, in MiB. For an hour of
 * lecture, the server takes 353 MB and the process of the embedding model 253 MB; the rest is for ffmpeg and for
 * the readers of PDFs. With 512, the system ends the server during the demo.
 */
const NEEDED_MB = 768;

/**
 * Warns if the machine or the container has too little memory. The system ends a process that needs more, and
 * the process cannot log that.
 *
 * @param limit  the memory of the machine or the container, in bytes; 0 if the system does not state it
 */
export function warnAboutMemory(log: Log, limit = process.constrainedMemory()): void {
  const memory_mb = Math.round(limit / 1024 ** 2);
  if (memory_mb === 0 || memory_mb >= NEEDED_MB) return;
  const advice =
    `the memory is too small for the embedded database: if the system ends this process (exit code 137), ` +
    `give it ${NEEDED_MB} MB, or set DATABASE_URL`;
  log.warn({ memory_mb, needed_mb: NEEDED_MB }, advice);
}
