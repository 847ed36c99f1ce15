import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { engine } from "../support/database";
import { postFile, postJson } from "../support/http";
import { openTestSite } from "../support/panopto";
import { sampleMedia } from "../support/panopto/media";
import { deckPdf } from "../support/pdfs";
import { openServerHost } from "../support/server";
import { canMountSmallDisks, mountSmallDisk } from "../support/small-disk";

setDefaultTimeout(180_000);

/** Enough for the embedded database and little more. */
const DISK_BYTES = 250_000_000;

test.skipIf(!canMountSmallDisks)(
  "on a full disk a server refuses uploads with the reason, answers questions, and works again with space",
  async () => {
    const site = await openTestSite();
    await using disk = await mountSmallDisk(DISK_BYTES);
    await using host = await openServerHost();
    const server = await host.start({
      DATA_ROOT: join(disk.folder, "data"),
      PANOPTO_ALLOWED_HOSTS: site.host,
      WORKERS: "0",
    });
    const { id: course_id } = await server.json(postJson("/api/courses", { name: "Full" }));
    const panopto_url = site.addSession({});
    const pdf = { name: "a.pdf", bytes: await deckPdf([{ title: "Full", body: ["disk"] }]) };
    const audio = {
      name: "a.mp3",
      bytes: await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes(),
    };
    const requests = {
      recording: () => postJson("/api/lectures/download", { course_id, panopto_url }),
      pdf: () => postFile("/api/documents/upload", { course_id }, pdf),
      audio: () => postFile("/api/lectures/audio", { course_id }, audio),
    };
    const send = async (request: Request | string) => {
      const response = await server.send(request);
      const { code = null } = (await response.json()) as { code?: string };
      return { status: response.status, code };
    };

    await disk.fill();

    const full = { status: 503, code: "storage_full" };
    expect(await send(requests.pdf())).toEqual(full);
    expect(await send(requests.audio())).toEqual(full);
    // Only the embedded database is on this disk.
    const recording = await send(requests.recording());
    expect(recording).toEqual(engine === "embedded" ? full : { status: 202, code: null });
    expect(await send(`/api/courses/${course_id}`)).toEqual({ status: 200, code: null });

    await disk.free();

    for (const request of [requests.pdf(), requests.audio()]) {
      expect(await send(request)).toEqual({ status: 202, code: null });
    }
    expect((await send(requests.recording())).code).toBeNull();
    site.close();
  },
);
