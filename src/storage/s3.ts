import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { asStorageFailure } from "./failure";
import { type FileKind, type FileStorage, idsOfNames, storedFileName } from "./files";

export type S3Settings = {
  endpoint?: string;
  bucket: string;
  region?: string;
  accessKeyId: string;
  secretAccessKey: string;
};

export const openBucket = (settings: S3Settings) => new Bun.S3Client(settings);

/** The smallest parts S3 accepts, two at a time: a 300 MB upload adds 50 MB of memory. */
const PARTS = { partSize: 5 * 1024 * 1024, queueSize: 2, retry: 3 };

/**
 * Uploads as objects of an S3-compatible bucket: `documents/{id}.pdf`, `uploaded-audio/{id}`.
 *
 * An object appears only when its last part is stored. The parts left by a killed process are
 * removed by the bucket's lifecycle rule AbortIncompleteMultipartUpload.
 *
 * @param root  local folder; uploads stay in `<root>/<kind.folder>/.tmp` until they are checked
 */
export async function openS3Storage(
  root: string,
  kind: FileKind,
  settings: S3Settings,
): Promise<FileStorage> {
  const bucket = openBucket(settings);
  const stagingDir = join(root, kind.folder, ".tmp");
  const objectOf = (id: string) => bucket.file(`${kind.folder}/${storedFileName(kind, id)}`);
  await asStorageFailure(mkdir(stagingDir, { recursive: true, mode: 0o700 }));

  const inBucket = <T>(id: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const found = work().catch((cause: unknown) => {
      const isMissing = !signal?.aborted && (cause as { code?: string }).code === "NoSuchKey";
      throw isMissing ? new AppError(kind.missing, { file_id: id }, { cause }) : cause;
    });
    return asStorageFailure(found, signal);
  };

  return {
    stagingDir,

    async store(id, stagedPath, signal) {
      const object = objectOf(id);
      await inBucket(id, () => upload(stagedPath, object, kind.contentType, signal), signal);
      // A failure here must not refuse an upload that is stored; the next start sweeps the folder.
      await rm(stagedPath, { force: true }).catch(() => {});
    },

    async open(id) {
      const object = objectOf(id);
      const { size } = await inBucket(id, () => object.stat());
      return {
        size_bytes: size,
        stream: (range) => (range ? object.slice(range.start, range.end) : object).stream(),
      };
    },

    async remove(id) {
      // S3 reports success for a missing object, as the interface requires.
      await inBucket(id, () => objectOf(id).delete());
    },

    async localPath(id, scratchDir, signal) {
      const path = join(scratchDir, storedFileName(kind, id));
      await inBucket(id, () => download(objectOf(id), path, signal), signal);
      return path;
    },

    async *list() {
      const prefix = `${kind.folder}/`;
      for (let token: string | undefined; ; ) {
        const page = await asStorageFailure(
          bucket.list({ prefix, ...(token && { continuationToken: token }) }),
        );
        const names = (page.contents ?? []).map(({ key }) => key.slice(prefix.length));
        yield idsOfNames(kind, names);
        if (!page.isTruncated) return;
        token = page.nextContinuationToken;
      }
    },

    async check() {
      const probe = `checks/${crypto.randomUUID()}`;
      await inBucket(probe, () => bucket.write(probe, "check"));
      await inBucket(probe, () => bucket.delete(probe));
    },
  };
}

async function upload(
  path: string,
  object: Bun.S3File,
  contentType: string,
  signal?: AbortSignal,
): Promise<void> {
  const { size } = await stat(path);
  const stored = await writeObject(object, Bun.file(path).stream(), contentType, { signal });
  if (stored !== size) throw new Error(`the bucket stored ${stored} of ${size} bytes`);
}

/**
 * Writes bytes of unknown length to an object. It appears only when it is complete.
 *
 * @returns the number of bytes that the bucket has
 */
export async function writeObject(
  object: Bun.S3File,
  bytes: AsyncIterable<Uint8Array>,
  contentType: string,
  { signal, partSize = PARTS.partSize }: { signal?: AbortSignal | undefined; partSize?: number },
): Promise<number> {
  const writer = object.writer({ ...PARTS, partSize, type: contentType });
  let size = 0;
  try {
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      writer.write(chunk);
      size += chunk.length;
      await writer.flush();
    }
    await writer.end();
  } catch (error) {
    // Bun 1.4.5 completes the upload even with an error, so the truncated object is deleted.
    await Promise.resolve(writer.end(error as Error)).catch(() => {});
    await object.delete().catch(() => {});
    throw error;
  }
  const stored = (await object.stat()).size;
  if (stored !== size) throw new Error(`the bucket stored ${stored} of ${size} bytes`);
  return stored;
}

async function download(object: Bun.S3File, path: string, signal?: AbortSignal): Promise<void> {
  const { size } = await object.stat(); // a missing object fails here, before the file is created
  const file = await open(path, "w");
  try {
    for await (const chunk of object.stream()) {
      signal?.throwIfAborted();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  const received = (await stat(path)).size;
  if (received !== size) throw new Error(`the bucket sent ${received} of ${size} bytes`);
}
