/**
 * Power failures on the embedded database, in two ways:
 *
 * - The database runs on a simulated disk that forgets what was not synced. This works on every machine, and the
 *   power fails at any single write.
 * - The whole service runs on a disk of its own, the disk is copied at a random moment without a sync, and
 *   the service starts on the copy. This needs root, and includes the uploaded files and the kernel's own order.
 *
 * `DRILLS=long` makes more failures.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { engine } from "../support/database";
import { isLong } from "../support/drill";
import { postFile, postJson } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { canMountDisks, type Disk, makeDisk } from "../support/power-cut";
import { openServerHost, type Server } from "../support/server";
import { VolatileFS } from "../support/volatile-disk";
import { eventually } from "../support/waiting";
import { failPower } from "./power-failures";

setDefaultTimeout(900_000);

const SIMULATED_FAILURES = isLong ? 200 : 20;
const FAILURES = isLong ? 20 : 1;
const LONGEST_WAIT_MS = 3_000;

type Accepted = { document_id: string; sha256: string };

/** A file system whose `fsync` has no effect, as PGlite's own. */
class UnsyncedFS extends VolatileFS {
  protected override syncFile(): void {}
}

describe.skipIf(engine === "native")("a power failure on a simulated disk", () => {
  test(`loses nothing acknowledged, ${SIMULATED_FAILURES} times of ${SIMULATED_FAILURES}`, async () => {
    const seed = isLong ? Math.trunc(Math.random() * 1e9) : 20_261_126;

    const { failures, acknowledged, faults, syncs } = await failPower(VolatileFS, {
      failures: SIMULATED_FAILURES,
      seed,
    });

    console.log(
      `drill: power failure, simulated: ${failures} failures, ${syncs} syncs, ${acknowledged} acknowledged documents and deletions checked, ${faults.length} faults, seed ${seed}`,
    );
    expect({ seed, faults }).toEqual({ seed, faults: [] });
    expect(failures).toBe(SIMULATED_FAILURES);
    expect(acknowledged).toBeGreaterThan(failures);
  });

  test("loses data when syncs of files have no effect", async () => {
    const { faults } = await failPower(UnsyncedFS, { failures: 10, seed: 1 });

    expect(faults).not.toEqual([]);
  });
});

describe.skipIf(engine === "native" || !canMountDisks)("a power failure on a mounted disk", () => {
  test(`loses nothing acknowledged, ${FAILURES} times of ${FAILURES}`, async () => {
    await using disk = await makeDisk();
    await using host = await openServerHost();
    const server = await host.start({ DATA_ROOT: join(disk.folder, "data") });
    const { id: course_id } = await server.json(postJson("/api/courses", { name: "Power" }));
    const accepted: Accepted[] = [];
    const missing: string[] = [];

    for (let failure = 0; failure < FAILURES; failure++) {
      const known = accepted.length;
      const uploading = keepUploading(server, course_id, accepted);
      await Bun.sleep(Math.random() * LONGEST_WAIT_MS);
      await eventually(
        async () => accepted.length,
        (count) => count > known,
      );
      process.kill(server.pid, "SIGSTOP");
      const acknowledged = [...accepted];
      const copy = await disk.copyAsAfterPowerCut();
      process.kill(server.pid, "SIGCONT");
      await uploading.stop();
      missing.push(...(await findMissing(copy, acknowledged)));
    }
    await host.stop();

    expect(missing).toEqual([]);
  });
});

/** Uploads one deck after another, and notes what the server acknowledged. */
function keepUploading(server: Server, course_id: string, accepted: Accepted[]) {
  let isOver = false;
  const work = (async () => {
    for (let pages = 1; !isOver; pages++) {
      const bytes = await manyPagesPdf(1 + (pages % 5));
      const unique = Buffer.concat([bytes, Buffer.from(`\n% ${crypto.randomUUID()}\n`)]);
      const file = { name: `deck-${pages}.pdf`, bytes: new Uint8Array(unique) };
      const upload = postFile("/api/documents/upload", { course_id }, file);
      // A server that was stopped for long can cut the connection: then nothing is acknowledged.
      const answer = await server.json(upload).catch(() => null);
      if (!answer) continue;
      const sha256 = Bun.SHA256.hash(unique, "hex");
      accepted.push({ document_id: answer.document_id, sha256 });
      await Bun.sleep(Math.random() * 200);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await work;
    },
  };
}

/** Documents that a service on the copied disk does not have, or has with other bytes. */
async function findMissing(copy: Disk, acknowledged: Accepted[]): Promise<string[]> {
  await using disk = copy;
  await using host = await openServerHost();
  const server = await host.start({ DATA_ROOT: join(disk.folder, "data"), WORKERS: "0" });
  const missing: string[] = [];
  for (const { document_id, sha256 } of acknowledged) {
    const file = await server.send(`/api/documents/${document_id}/file`);
    const found = file.ok ? Bun.SHA256.hash(await file.arrayBuffer(), "hex") : `${file.status}`;
    if (found !== sha256) missing.push(`${document_id}: ${found}`);
  }
  await host.stop();
  return missing;
}
