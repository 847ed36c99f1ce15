import { retrying } from "../retrying";

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
  /** For the next bytes of an object, received, or sent at any size. */
  transferMs: number;
};

/** A part of a backup (16 MB) is sent in two minutes at 1.1 Mbit/s. */
const SLOWEST_BYTES_PER_MS = 140;
const LIMITS: BucketLimits = { requestMs: 30_000, transferMs: 120_000 };

/** The smallest parts S3 accepts, two at a time: a 300 MB upload adds 50 MB of memory. */
const PARTS = { partSize: 5 * 1024 * 1024, queueSize: 2, retry: 3 };

/** Bun 1.4.5 repeats only the parts of an upload. As many attempts as the clients of S3 make by default. */
const RETRIES = { attempts: 3, backoffMs: 200 };

/**
 * A lost connection, or an answer that the bucket gives while it is busy or restarts. `UnknownError` is an error without a
 * body: each one to HEAD, and those of a proxy.
 */
const PASSING =
  /^(Connection\w+|ECONN\w+|UnknownError|InternalError|ServiceUnavailable|SlowDown\w*|RequestTimeout\w*|\w*Throttl\w*|TooManyRequests\w*)$/;

const codeOf = (error: unknown) => (error as { code?: string }).code ?? "";
const pauseAfter = (error: unknown) => (PASSING.test(codeOf(error)) ? 0 : null);

const INCOMPLETE = "ObjectIncomplete";
/** An object that was just stored is not shown yet, or without its last bytes. */
const INVISIBLE = ["NoSuchKey", INCOMPLETE];

type WriteOptions = {
  contentType: string;
  signal?: AbortSignal | undefined;
  /** In bytes, 5 MB or more. */
  partSize?: number;
};

export type Bucket = ReturnType<typeof openBucket>;

/**
 * An S3-compatible bucket. A request that fails for a passing reason is repeated. A method throws the errors of Bun's
 * client, an error with the code `ETIMEDOUT` when the bucket is silent, or the reason of its signal.
 */
export function openBucket(settings: S3Settings, { requestMs, transferMs } = LIMITS) {
  const client = new Bun.S3Client(settings);
  const answered = <T>(request: () => Promise<T>) =>
    retrying(() => inTime(request(), requestMs), { ...RETRIES, pauseAfter });
  const stat = (key: string) => answered(() => client.file(key).stat());
  const remove = (key: string) => answered(() => client.file(key).delete());

  /** Bytes of unknown length as an object, which appears only when it is complete. Returns their number. */
  async function write(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    { contentType, signal, partSize = PARTS.partSize }: WriteOptions,
  ): Promise<number> {
    const writer = client.file(key).writer({ ...PARTS, partSize, type: contentType });
    let size = 0;
    // So a small file in a silent bucket fails as soon as a request without content.
    const sent = (work: number | Promise<number>) => {
      const ms = Math.min(transferMs, requestMs + size / SLOWEST_BYTES_PER_MS);
      return inTime(Promise.resolve(work), ms, signal);
    };
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
      const cleanUp = async () => {
        await inTime(Promise.resolve(writer.end(error as Error)), requestMs).catch(() => {});
        await remove(key).catch(() => {});
      };
      const isCleaned = cleanUp();
      // The caller does not wait for a silent bucket once more.
      if (!isSilence(error)) await isCleaned;
      throw error;
    }
    await assertStored(key, size);
    return size;
  }

  /** Not every compatible bucket shows an object at once with all of its bytes. */
  const assertStored = (key: string, size: number): Promise<void> =>
    retrying(
      async () => {
        const stored = (await inTime(client.file(key).stat(), requestMs)).size;
        if (stored === size) return;
        const message = `the bucket stored ${stored} of ${size} bytes`;
        throw Object.assign(new Error(message), { code: INCOMPLETE });
      },
      {
        ...RETRIES,
        pauseAfter: (error) => (INVISIBLE.includes(codeOf(error)) ? 0 : pauseAfter(error)),
      },
    );

  /** A file as an object. Each attempt sends the whole file. */
  const writeFile = (key: string, path: string, options: WriteOptions): Promise<number> =>
    retrying(() => write(key, Bun.file(path).stream(), options), {
      ...RETRIES,
      pauseAfter,
      signal: options.signal,
    });

  return {
    stat,
    remove,
    write,
    writeFile,
    put: (key: string, text: string) => answered(() => client.write(key, text)),
    list: (options: Bun.S3ListObjectsOptions) => answered(() => client.list(options)),
    /** @param range  bytes from `start` (inclusive) to `end` (exclusive) */
    stream: (key: string, range?: { start: number; end: number }) => {
      const object = client.file(key);
      const start = range?.start ?? 0;
      const openFrom = (received: number) =>
        range || received > 0
          ? object.slice(start + received, range?.end).stream()
          : object.stream();
      return resumingStream(openFrom, transferMs);
    },
  };
}

/**
 * The bytes of an object, read as fast as the consumer does. A wait for the next ones has a limit, and a lost
 * connection is replaced by one that sends the rest.
 *
 * @param openFrom  opens the object behind so many bytes
 */
function resumingStream(
  openFrom: (received: number) => ReadableStream<Uint8Array>,
  ms: number,
): ReadableStream<Uint8Array> {
  let received = 0;
  let reader = openFrom(received).getReader();
  const readNext = async () => {
    try {
      return await inTime(reader.read(), ms);
    } catch (error) {
      reader.cancel(error).catch(() => {});
      if (pauseAfter(error) !== null) reader = openFrom(received).getReader();
      throw error;
    }
  };
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await retrying(readNext, { ...RETRIES, pauseAfter });
        if (done) return controller.close();
        received += value.length;
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

const isSilence = (error: unknown) => codeOf(error) === "ETIMEDOUT";

async function inTime<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const silent = () =>
    Object.assign(new Error(`The bucket was silent for ${Math.round(ms / 1_000)} s`), {
      code: "ETIMEDOUT",
    });
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
