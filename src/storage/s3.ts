import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { type Bucket, type BucketLimits, openBucket, type S3Settings } from "./bucket";
import { asStorageFailure } from "./failure";
import { type FileKind, type FileStorage, idsOfNames, storedFileName } from "./files";

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
  limits?: BucketLimits,
): Promise<FileStorage> {
  const bucket = openBucket(settings, limits);
  const stagingDir = join(root, kind.folder, ".tmp");
  const keyOf = (id: string) => `${kind.folder}/${storedFileName(kind, id)}`;
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
      const key = keyOf(id);
      await inBucket(id, () => upload(bucket, key, stagedPath, kind.contentType, signal), signal);
      // A failure here must not refuse an upload that is stored; the next start sweeps the folder.
      await rm(stagedPath, { force: true }).catch(() => {});
    },

    async open(id) {
      const key = keyOf(id);
      const { size } = await inBucket(id, () => bucket.stat(key));
      return { size_bytes: size, stream: (range) => bucket.stream(key, range) };
    },

    async remove(id) {
      // S3 reports success for a missing object, as the interface requires.
      const key = keyOf(id);
      await inBucket(id, () => bucket.remove(key));
    },

    async localPath(id, scratchDir, signal) {
      const path = join(scratchDir, storedFileName(kind, id));
      const key = keyOf(id);
      await inBucket(id, () => download(bucket, key, path, signal), signal);
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
      await inBucket(probe, () => bucket.put(probe, "check"));
      await inBucket(probe, () => bucket.remove(probe));
    },
  };
}

async function upload(
  bucket: Bucket,
  key: string,
  path: string,
  contentType: string,
  signal?: AbortSignal,
): Promise<void> {
  const { size } = await stat(path);
  const stored = await bucket.writeFile(key, path, { contentType, signal });
  if (stored !== size) throw new Error(`the bucket stored ${stored} of ${size} bytes`);
}

async function download(
  bucket: Bucket,
  key: string,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const { size } = await bucket.stat(key); // a missing object fails here, before the file is created
  const file = await open(path, "w");
  try {
    for await (const chunk of bucket.stream(key)) {
      signal?.throwIfAborted();
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  const received = (await stat(path)).size;
  if (received !== size) throw new Error(`the bucket sent ${received} of ${size} bytes`);
}
