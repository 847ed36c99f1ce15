import { describe, expect, test } from "bun:test";
import { AppError, type ErrorCode } from "../../../src/errors";
import { retryingFetch } from "../../../src/media/fetch/retries";

/** Fails with these codes one after the other, then succeeds; tells how often it was tried. */
function failing(...codes: ErrorCode[]) {
  const work = { tried: 0, attempt };
  async function attempt() {
    const code = codes[work.tried++];
    if (code) throw new AppError(code, { retry_after_ms: code === "provider_busy" ? 60_000 : 0 });
    return "done";
  }
  return work;
}

const { signal } = new AbortController();
const options = { attempts: 3, backoffMs: 5, signal };
const failure = (errorCode: ErrorCode) => expect.objectContaining({ errorCode });

describe("retryingFetch", () => {
  test("tries again until it succeeds", async () => {
    const work = failing("fetch_timeout", "provider_unavailable");

    expect(await retryingFetch(work.attempt, options)).toBe("done");
    expect(work.tried).toBe(3);
  });

  test("gives up with the last failure after the last attempt", async () => {
    const work = failing("fetch_timeout", "fetch_timeout", "provider_unavailable", "fetch_timeout");

    await expect(retryingFetch(work.attempt, options)).rejects.toEqual(
      failure("provider_unavailable"),
    );
    expect(work.tried).toBe(3);
  });

  test("does not repeat what cannot pass", async () => {
    const work = failing("address_blocked");

    await expect(retryingFetch(work.attempt, options)).rejects.toEqual(failure("address_blocked"));
    expect(work.tried).toBe(1);
  });

  test("leaves a wait of a minute to the queue", async () => {
    const work = failing("provider_busy");

    await expect(retryingFetch(work.attempt, options)).rejects.toEqual(failure("provider_busy"));
    expect(work.tried).toBe(1);
  });

  test("ends its pause with the reason of a caller who gives up", async () => {
    const caller = new AbortController();
    const work = failing("fetch_timeout");
    setTimeout(() => caller.abort(new Error("deleted")), 20);

    const slow = { attempts: 3, backoffMs: 20_000, signal: caller.signal };
    await expect(retryingFetch(work.attempt, slow)).rejects.toThrow("deleted");
    expect(work.tried).toBe(1);
  });
});
