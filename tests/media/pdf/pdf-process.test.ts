import { expect, test } from "bun:test";
import { isRetryable } from "../../../src/errors";
import { PdfProcess } from "../../../src/media/pdf/pdf-process";

const SAMPLE = new URL("../../../examples/course/slides.pdf", import.meta.url).pathname;
const LIMITS = { memoryMb: 500, timeoutMs: 60_000 };
const pageOf = (page_number: number) => ({ from: page_number, most: 1, skip: [] });

test("a reader that dies of itself is reported with how it ended", async () => {
  await using reader = new PdfProcess(LIMITS);
  await reader.ask("open", { path: SAMPLE, maxPages: 100 });
  const page = reader.ask("pages", pageOf(1));
  process.kill(reader.pid, "SIGSEGV");
  const crash = { errorCode: "pdf_too_complex", details: { limit: "crash", exit: "SIGSEGV" } };
  await expect(page).rejects.toMatchObject(crash);
  await expect(reader.ask("pages", pageOf(2))).rejects.toMatchObject(crash);
});

test.each(["SIGKILL", "SIGTERM"] as const)(
  "a reader that %s of another process ended can be tried again",
  async (signal) => {
    await using reader = new PdfProcess(LIMITS);
    await reader.ask("open", { path: SAMPLE, maxPages: 100 });
    const page = reader.ask("pages", pageOf(1));
    process.kill(reader.pid, signal);
    const failure: unknown = await page.catch((error: unknown) => error);
    expect(failure).toMatchObject({ errorCode: "pdf_reader_killed", details: { signal } });
    expect(isRetryable(failure)).toBe(true);
  },
);

test("a reader that needs too much memory is stopped by us, and is not tried again", async () => {
  await using reader = new PdfProcess({ ...LIMITS, memoryMb: 10 });
  const failure = await reader
    .ask("open", { path: SAMPLE, maxPages: 100 })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ errorCode: "pdf_too_complex", details: { limit: "memory" } });
  expect(isRetryable(failure)).toBe(false);
});

test("a reader that uses its time is stopped by the clock", async () => {
  // A kept reader has another memory limit, so this one starts, which alone uses more time.
  await using reader = new PdfProcess({ memoryMb: 501, timeoutMs: 20 });
  await expect(reader.ask("open", { path: SAMPLE, maxPages: 100 })).rejects.toMatchObject({
    errorCode: "pdf_too_complex",
    details: { limit: "time", timeout_ms: 20 },
  });
});

test("a reader that gets no CPU is stopped later, and the file is not to blame", async () => {
  await using reader = new PdfProcess({ ...LIMITS, timeoutMs: 200 });
  process.kill(reader.pid, "SIGSTOP");
  await expect(reader.ask("open", { path: SAMPLE, maxPages: 100 })).rejects.toMatchObject({
    errorCode: "pdf_reader_killed",
  });
});

test("a reader sees nothing of our environment", async () => {
  await using reader = new PdfProcess(LIMITS);
  await reader.ask("open", { path: SAMPLE, maxPages: 100 });
  const environ = await Bun.file(`/proc/${reader.pid}/environ`).text();
  const names = environ.split("\0").map((line) => line.split("=")[0]);
  expect(names.filter((name) => name && !/CHANNEL|^BUN_JSC_/.test(name))).toEqual([]);
});

test("readers work beside each other", async () => {
  const titles = await Promise.all(
    [1, 2, 3].map(async (page_number) => {
      await using reader = new PdfProcess(LIMITS);
      await reader.ask("open", { path: SAMPLE, maxPages: 100 });
      return (await reader.ask("pages", pageOf(page_number)))[0]!.title;
    }),
  );
  expect(titles).toEqual([
    "Introduction to Information Theory",
    "Three questions for today",
    "Information is surprise",
  ]);
});
