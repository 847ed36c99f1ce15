import { rm } from "node:fs/promises";
import { join } from "node:path";
import { version } from "../../../package.json";
import { assertRestorable, replaceRows } from "../../db/backup/load";
import { listMigrations, migrate } from "../../db/migrate";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import { AnswerSpool } from "../../storage/answer-spool";
import {
  type ArchiveFileKind,
  type ArchiveHeader,
  type ArchiveManifest,
  readArchive,
} from "../../storage/backup-archive";
import { asStorageFailure } from "../../storage/failure";
import { AUDIO_FILES, DOCUMENT_FILES, type FileStorage, idsOfNames } from "../../storage/files";
import { stagedFileName } from "../../storage/staging";
import { writePieces } from "../../storage/write-pieces";

type RestoreDeps = {
  /** Of an installation without courses; without a schema too. */
  databaseUrl: string;
  storage: FileStorage;
  uploadedAudio: FileStorage;
  dataRoot: string;
  log: Pick<Log, "warn">;
};

/**
 * Restores an archive into an empty installation. The archive is read twice: the first time to check all of it,
 * before anything changes. Rows are stored in one transaction, after their files, so an interrupted restore leaves an
 * empty installation, and it can be repeated. No provider is called. The queue is on hold afterwards.
 *
 * @param open  a new stream of the archive's bytes
 * @throws AppError `backup_damaged`, `backup_incompatible`, `restore_not_empty`, `restore_busy`
 */
export async function restoreBackup(
  deps: RestoreDeps,
  open: () => Promise<ReadableStream<Uint8Array>>,
  signal: AbortSignal,
): Promise<{ header: ArchiveHeader; manifest: ArchiveManifest }> {
  const { databaseUrl } = deps;
  const { header } = await readArchive(
    await open(),
    {
      header: async (header) => {
        await assertSchema(header);
        await assertRestorable(databaseUrl, header.schema);
      },
    },
    signal,
  );
  await migrate(databaseUrl, { last: header.schema.at(-1)!.name });
  let result: Awaited<ReturnType<typeof readArchive>> | undefined;
  await replaceRows(databaseUrl, header, async (loader) => {
    const file = (kind: ArchiveFileKind, name: string, bytes: AsyncIterable<Uint8Array>) =>
      restoreFile(deps, kind, name, bytes, signal);
    result = await readArchive(await open(), { rows: loader, file }, signal);
  });
  await migrate(databaseUrl);
  return result!;
}

/**
 * An archive of this version or of an earlier one has the first migrations of this version.
 *
 * @throws AppError `backup_incompatible`
 */
export async function assertSchema({
  lectern,
  schema,
}: Pick<ArchiveHeader, "lectern" | "schema">): Promise<void> {
  const ours = await listMigrations();
  for (const [i, { name, sha256 }] of schema.entries()) {
    if (ours[i]?.name === name && ours[i].sha256 === sha256) continue;
    const isNewer = ours.every((migration) => migration.name !== name);
    const reason = isNewer
      ? `Lectern ${lectern}, a newer version than this ${version}, made it: restore it with ${lectern} or a later version`
      : `its schema differs in ${name}: restore it with Lectern ${lectern}, which made it`;
    throw new AppError("backup_incompatible", { reason });
  }
}

async function restoreFile(
  { storage, uploadedAudio, dataRoot, log }: RestoreDeps,
  kind: ArchiveFileKind,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  if (kind === "paid-answers") return new AnswerSpool(dataRoot, log).restoreFile(name, bytes);
  const [to, files] =
    kind === "documents"
      ? ([storage, DOCUMENT_FILES] as const)
      : ([uploadedAudio, AUDIO_FILES] as const);
  const [id] = idsOfNames(files, [name]);
  if (!id) throw new AppError("backup_damaged", { reason: `unexpected file ${name}` });
  const staged = join(to.stagingDir, stagedFileName());
  try {
    await asStorageFailure(writePieces(staged, bytes, signal), signal);
    await to.store(id, staged, signal);
  } finally {
    await rm(staged, { force: true });
  }
}
