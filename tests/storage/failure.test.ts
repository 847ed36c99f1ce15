import { describe, expect, test } from "bun:test";
import { access, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/errors";
import { asStorageFailure, toOutage, toStorageFailure } from "../../src/storage/failure";
import { failureOf } from "../support/failures";

const file = join(tmpdir(), `lectern-failure-${crypto.randomUUID()}`);
await writeFile(file, "");

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
const codeOf = (error: unknown) => toStorageFailure(error)?.errorCode ?? null;

describe("toStorageFailure", () => {
  test.each([
    ["a full disk", () => writeFile("/dev/full", "x"), "storage_full"],
    ["a file in place of a folder", () => open(join(file, "x")), "storage_unavailable"],
    ["a folder in place of a file", () => readFile(tmpdir()), "storage_unavailable"],
    ["a folder below a file", () => mkdir(join(file, "x")), "storage_unavailable"],
    ["a missing file", () => access(join(tmpdir(), crypto.randomUUID())), null],
  ] as const)("of %s", async (_, work, code) => {
    expect(codeOf(await errorOf(work()))).toBe(code);
  });

  test("of the database's full disk and of a used-up quota", () => {
    for (const code of ["53100", "EDQUOT"]) {
      expect(codeOf(Object.assign(new Error("no space"), { code }))).toBe("storage_full");
    }
  });

  test("is null for errors of the network, of programs, and of our own", async () => {
    const refused = await errorOf(
      new Promise((resolve, reject) =>
        connect(1, "127.0.0.1", () => resolve(0)).on("error", reject),
      ),
    );
    expect((refused as { code: string }).code).toBe("ECONNREFUSED");
    const listening = await errorOf(
      new Promise((resolve, reject) => {
        const server = createServer().on("error", reject);
        server.listen("/proc/1/nothing", () => resolve(0));
      }),
    );
    expect(listening).toBeInstanceOf(Error);
    for (const error of [refused, listening, new TypeError("x"), new AppError("internal"), "x"]) {
      expect(codeOf(error)).toBeNull();
    }
  });
});

test("toOutage names the full disk of a database, its lost connection, and nothing else", () => {
  const failed = (code: string) => toOutage(Object.assign(new Error("x"), { code }))?.errorCode;
  expect(["53100", "57P01", "ECONNREFUSED", "EROFS"].map(failed)).toEqual([
    "storage_full",
    "database_unavailable",
    "database_unavailable",
    "storage_unavailable",
  ]);
  expect(toOutage(new TypeError("x"))).toBeNull();
  expect(toOutage(new AppError("pdf_invalid"))).toBeNull();
});

test("asStorageFailure passes our own errors and the reason of an abort unchanged", async () => {
  const missing = new AppError("document_file_missing");
  expect(await errorOf(asStorageFailure(Promise.reject(missing)))).toBe(missing);
  const reason = new Error("deleted");
  const signal = AbortSignal.abort(reason);
  expect(await errorOf(asStorageFailure(Promise.reject(reason), signal))).toBe(reason);
  expect(await failureOf(asStorageFailure(open(`${file}.missing`)))).toMatchObject({
    code: "storage_unavailable",
    reason: "ENOENT",
  });
});
