/**
 * Power failures on the embedded database: the service runs on a disk of its own, the disk is copied
 * at a random moment without a sync, and the service starts on the copy.
 *
 * `DRILLS=long` makes twenty failures instead of two.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { engine } from "../support/database";
import { postFile, postJson } from "../support/http";
import { manyPagesPdf } from "../support/pdfs";
import { canMountDisks, type Disk, makeDisk } from "../support/power-cut";
import { openServerHost, type Server } from "../support/server";

setDefaultTimeout(900_000);

const FAILURES = process.env.DRILLS === "long" ? 20 : 2;
const LONGEST_WAIT_MS = 3_000;

type Accepted = { document_id: string; sha256: string };

describe.skipIf(engine === "native" || !canMountDisks)("a power failure", () => {
  test(`loses nothing acknowledged, ${FAILURES} times of ${FAILURES}`, async () => {
    await using disk = await makeDisk();
    await using host = await openServerHost();
    const server = await host.start({ DATA_ROOT: join(disk.folder, "data") });
    const { id: course_id } = await server.json(postJson("/api/courses", { name: "Power" }));
    const accepted: Accepted[] = [];
    const uploading = keepUploading(server, course_id, accepted);
    const outcomes: { acknowledged: number; missing: string[] }[] = [];

    for (let failure = 0; failure < FAILURES; failure++) {
      await Bun.sleep(Math.random() * LONGEST_WAIT_MS);
      process.kill(server.pid, "SIGSTOP");
      const acknowledged = [...accepted];
      const copy = await disk.copyAsAfterPowerCut();
      process.kill(server.pid, "SIGCONT");
      outcomes.push({
        acknowledged: acknowledged.length,
        missing: await findMissing(copy, acknowledged),
      });
    }
    await uploading.stop();
    await host.stop();

    expect(outcomes.flatMap(({ missing }) => missing)).toEqual([]);
    expect(outcomes.at(-1)!.acknowledged).toBeGreaterThan(outcomes[0]!.acknowledged);
  });
});

/** Uploads one deck after another, and writes down what the server acknowledged. */
function keepUploading(server: Server, course_id: string, accepted: Accepted[]) {
  let isOver = false;
  const work = (async () => {
    for (let pages = 1; !isOver; pages++) {
      const bytes = await manyPagesPdf(1 + (pages % 5));
      const named = Buffer.concat([bytes, Buffer.from(`\n% ${pages}\n`)]);
      const file = { name: `deck-${pages}.pdf`, bytes: new Uint8Array(named) };
      const { document_id } = await server.json(
        postFile("/api/documents/upload", { course_id }, file),
      );
      accepted.push({ document_id, sha256: Bun.SHA256.hash(named, "hex") });
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

/** What a service on the disk as it was left does not have, or has with other bytes. */
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
