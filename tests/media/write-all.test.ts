import { describe, expect, test } from "bun:test";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAll } from "../../src/media/write-all";
import { failureOf } from "../support/failures";
import { canMountSmallDisks, mountSmallDisk } from "../support/small-disk";

describe.skipIf(!canMountSmallDisks)("writeAll on a small disk", () => {
  test("writes every byte at its position", async () => {
    await using disk = await mountSmallDisk(256 * 1024);
    const path = join(disk.folder, "whole");
    await using file = await open(path, "w");
    await writeAll(file, Buffer.from("lo!"), 3);
    await writeAll(file, Buffer.from("hel"), 0);
    expect(await Bun.file(path).text()).toBe("hello!");
  });

  test("reports a full disk where a single write stores a part and succeeds", async () => {
    await using disk = await mountSmallDisk(64 * 1024);
    const path = join(disk.folder, "part");
    await using file = await open(path, "w");
    const bytes = Buffer.alloc(100_000, 1);
    const { bytesWritten } = await file.write(bytes, 0, bytes.byteLength, 0);
    expect(bytesWritten).toBeLessThan(bytes.byteLength);

    const failure = await failureOf(writeAll(file, bytes, 0));

    expect(failure).toMatchObject({ code: "storage_full", reason: "ENOSPC" });
    expect((await stat(path)).size).toBeLessThan(bytes.byteLength);
  });
});
