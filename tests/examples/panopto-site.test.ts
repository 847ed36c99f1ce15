import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSessions, panoptoSite } from "../../examples/panopto-site";
import { openPanopto } from "../../src/providers/panopto";
import { toViewerUrl } from "../../src/providers/panopto/address";
import { sampleMedia } from "../support/panopto/media";

const folder = mkdtempSync(join(tmpdir(), "sample-course-"));
const session_id = "4d2b8f0e-3a57-4c3e-9d7b-b0a100d2f3c4";
const SRT = "1\n00:00:00,000 --> 00:00:02,000\nEntropy measures missing information.\n";
const session = {
  session_id,
  title: "Entropy <1>",
  duration_seconds: 12,
  streams: [{ tag: "AUDIO", file: "sound.mp3" }],
  captions: { 0: "captions.srt" },
  slides: [{ seconds: 5, caption: "Second law" }],
};
await Bun.write(join(folder, "secret"), "not part of the session");
await Bun.write(join(folder, "lecture/session.json"), JSON.stringify(session));
await Bun.write(join(folder, "lecture/captions.srt"), SRT);
await Bun.write(
  join(folder, "lecture/sound.mp3"),
  Bun.file(join(await sampleMedia(), "sound.mp3")),
);

const sessions = await loadSessions(folder);
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: panoptoSite(sessions) });
const site = server.url.origin;
afterAll(() => {
  server.stop(true);
  rmSync(folder, { recursive: true });
});

describe("the sample site", () => {
  test("hands a lecture out as Panopto does", async () => {
    const { signal } = new AbortController();
    const panopto = openPanopto({ allowedHosts: [server.url.host] });
    const address = panopto.identify(`${site}/Panopto/Pages/Viewer.aspx?id=${session_id}`);

    expect(await panopto.describe(address, signal)).toMatchObject({
      title: "Entropy <1>",
      slide_changes: [{ time_ms: 5_000, caption: "Second law", sequence: 1 }],
    });
    expect((await panopto.fetchCaptions(address, undefined, signal))?.srt).toBe(SRT);
    const { source, path } = await panopto.download(address, folder, () => {}, signal);
    expect(source).toBe("audio_stream");
    expect(Bun.file(path).size).toBe(Bun.file(join(folder, "lecture/sound.mp3")).size);
  });

  test("shows a player at the address of a citation", async () => {
    const address = { origin: site, host: server.url.host, session_id };
    const response = await fetch(toViewerUrl(address, 5_000));
    const html = await response.text();

    expect(response.status).toBe(200);
    expect(html).toContain("<h1>Entropy &lt;1&gt;</h1>");
    expect(html).toContain(`src="/sessions/${session_id}/sound.mp3"`);
  });

  test("serves nothing from outside a session's folder", async () => {
    expect((await fetch(`${site}/sessions/${session_id}/..%2fsecret`)).status).toBe(404);
    expect((await fetch(`${site}/sessions/${session_id}/x%2f..%2f..%2fsecret`)).status).toBe(404);
  });

  test("an unknown session has a page that says so", async () => {
    expect((await fetch(`${site}/Panopto/Pages/Viewer.aspx?id=1`)).status).toBe(404);
  });
});
