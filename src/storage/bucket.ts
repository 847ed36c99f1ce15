export type S3Settings = {
  endpoint?: string;
  bucket: string;
  region?: string;
  accessKeyId: string;
  secretAccessKey: string;
};

/** Longest waits for a bucket, in milliseconds. Bun 1.4.5 itself waits without a limit. */
export type BucketLimits = {
  /** For the response to a request without content. */
  requestMs: number;
  /** For the next bytes of an object, sent or received. */
  transferMs: number;
};

/** A part of a backup (16 MB) is sent in two minutes at 1.1 Mbit/s. */
const LIMITS: BucketLimits = { requestMs: 30_000, transferMs: 120_000 };

/** The smallest parts S3 accepts, two at a time: a 300 MB upload adds 50 MB of memory. */
const PARTS = { partSize: 5 * 1024 * 1024, queueSize: 2, retry: 3 };

type WriteOptions = {
  contentType: string;
  signal?: AbortSignal | undefined;
  /** In bytes, 5 MB or more. */
  partSize?: number;
};

export type Bucket = ReturnType<typeof openBucket>;

/**
 * An S3-compatible bucket. A method throws the errors of Bun's client, an error with the code `ETIMEDOUT` when the
 * bucket is silent, or the reason of its signal.
 */
export function openBucket(settings: S3Settings, { requestMs, transferMs } = LIMITS) {
  const client = new Bun.S3Client(settings);
  const answered = <T>(work: Promise<T>) => inTime(work, requestMs);
  const stat = (key: string) => answered(client.file(key).stat());
  const remove = (key: string) => answered(client.file(key).delete());

  /** Bytes of unknown length as an object, which appears only when it is complete. Returns their number. */
  async function write(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    { contentType, signal, partSize = PARTS.partSize }: WriteOptions,
  ): Promise<number> {
    const writer = client.file(key).writer({ ...PARTS, partSize, type: contentType });
    const sent = (work: number | Promise<number>) =>
      inTime(Promise.resolve(work), transferMs, signal);
    let size = 0;
    try {
      for await (const chunk of bytes) {
        signal?.throwIfAborted();
        writer.write(chunk);
        size += chunk.length;
        await sent(writer.flush());
      }
      await sent(writer.end());
    } catch (error) {
      // Bun 1.4.5 completes the upload even with an error, so the truncated object is deleted.
      await answered(Promise.resolve(writer.end(error as Error))).catch(() => {});
      await remove(key).catch(() => {});
      throw error;
    }
    const stored = (await stat(key)).size;
    if (stored !== size) throw new Error(`the bucket stored ${stored} of ${size} bytes`);
    return stored;
  }

  return {
    stat,
    remove,
    write,
    put: (key: string, text: string) => answered(client.write(key, text)),
    list: (options: Bun.S3ListObjectsOptions) => answered(client.list(options)),
    /** @param range  bytes from `start` (inclusive) to `end` (exclusive) */
    stream: (key: string, range?: { start: number; end: number }) => {
      const object = client.file(key);
      const part = range ? object.slice(range.start, range.end) : object;
      return limitStream(part.stream(), transferMs);
    },
  };
}

/** The same bytes, read as fast as the consumer does. A wait for the next ones has a limit. */
function limitStream(source: ReadableStream<Uint8Array>, ms: number): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await inTime(reader.read(), ms).catch((error: unknown) => {
          reader.cancel(error).catch(() => {});
          throw error;
        });
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

async function inTime<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const silent = () =>
    Object.assign(new Error(`The bucket was silent for ${ms / 1_000} s`), { code: "ETIMEDOUT" });
  const timer = setTimeout(() => ended.reject(silent()), ms);
  const abort = () => ended.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
