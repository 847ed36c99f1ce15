import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors";
import { type DocumentStorage, documentFileName } from "./documents";
import { asStorageFailure } from "./failure";

export type S3Settings = {
  endpoint?: string;
  bucket: string;
  region?: string;
  accessKeyId: string;
  secretAccessKey: string;
};

/** The smallest parts S3 accepts, two at a time: a 300 MB upload adds 50 MB of memory. */
const PARTS = { partSize: 5 * 1024 * 1024, queueSize: 2, retry: 3 };

/**
 * Documents as objects `documents/{document_id}.pdf` of an S3-compatible bucket.
 *
 * An object appears only when its last part is stored. The parts left by a killed process are
 * removed by the bucket's lifecycle rule AbortIncompleteMultipartUpload.
 *
 * @param root  local folder; uploads stay in `<root>/documents/.tmp` until they are checked
 */
export async function openS3Storage(root: string, settings: S3Settings): Promise<DocumentStorage> {
  const bucket = new Bun.S3Client(settings);
  const stagingDir = join(root, "documents", ".tmp");
  const objectOf = (id: string) => bucket.file(`documents/${documentFileName(id)}`);
  await mkdir(stagingDir, { recursive: true });

  return {
    stagingDir,

    async store(id, stagedPath, signal) {
      const object = objectOf(id);
      await asBucketFailure(id, () => upload(stagedPath, object, signal), signal);
      await rm(stagedPath, { force: true });
    },

    async open(id) {
      const object = objectOf(id);
      const { size } = await asBucketFailure(id, () => object.stat());
      return {
        size_bytes: size,
        stream: (range) => (range ? object.slice(range.start, range.end) : object).stream(),
      };
    },

    async remove(id) {
      // S3 reports success for a missing object, as the interface requires.
      await asBucketFailure(id, () => objectOf(id).delete());
    },

    async localPath(id, scratchDir, signal) {
      const path = join(scratchDir, documentFileName(id));
      await asBucketFailure(id, () => download(objectOf(id), path, signal), signal);
      return path;
    },

    async check() {
      const probe = `checks/${crypto.randomUUID()}`;
      await asBucketFailure(probe, () => bucket.write(probe, "check"));
      await asBucketFailure(probe, () => bucket.delete(probe));
    },
  };
}

async function upload(path: string, object: Bun.S3File, signal?: AbortSignal): Promise<void> {
  const { size } = await stat(path);
  const writer = object.writer({ ...PARTS, type: "application/pdf" });
  try {
    for await (const chunk of Bun.file(path).stream()) {
      signal?.throwIfAborted();
      writer.write(chunk);
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
}

async function download(object: Bun.S3File, path: string, signal?: AbortSignal): Promise<void> {
  const { size } = await object.stat(); // a missing object fails here, before the file is created
  const sink = Bun.file(path).writer();
  try {
    for await (const chunk of object.stream()) {
      signal?.throwIfAborted();
      sink.write(chunk);
      await sink.flush();
    }
  } finally {
    await sink.end();
  }
  const received = (await stat(path)).size;
  if (received !== size) throw new Error(`the bucket sent ${received} of ${size} bytes`);
}

async function asBucketFailure<T>(
  document_id: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const found = work().catch((cause: unknown) => {
    const isMissing = !signal?.aborted && (cause as { code?: string }).code === "NoSuchKey";
    throw isMissing ? new AppError("document_file_missing", { document_id }, { cause }) : cause;
  });
  return asStorageFailure(found, signal);
}
