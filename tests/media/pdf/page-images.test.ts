import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadImage } from "@napi-rs/canvas";
import {
  openPageRenderer,
  pdfjsRenderer,
  popplerRenderer,
} from "../../../src/media/pdf/page-images";
import * as broken from "../../support/broken-pdfs";
import * as pdfs from "../../support/pdfs";

const folder = await mkdtemp(join(tmpdir(), "page-images-"));
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Uint8Array | Promise<Uint8Array>): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.pdf`);
  await writeFile(path, await bytes);
  return path;
}

const pdftoppm = Bun.which("pdftoppm");
const renderers = [pdfjsRenderer, ...(pdftoppm ? [popplerRenderer(pdftoppm)] : [])];

describe.each(renderers)("pages drawn by $name", (renderer) => {
  test("are JPEGs at the size that vision models take", async () => {
    const path = await fileOf(pdfs.deckPdf([{ title: "Entropy", body: [] }]));
    const image = await renderer.render(path, 1);
    const decoded = await loadImage(Buffer.from(image.bytes));
    expect([decoded.width, decoded.height]).toEqual([image.width, image.height]);
    expect(image.width).toBe(1_568);
    expect(Math.abs(image.height - 882)).toBeLessThanOrEqual(1);
  });

  test("keep to the wanted size, also when the page measures kilometres", async () => {
    const image = await renderer.render(await fileOf(pdfs.hugePagePdf()), 1, { longSidePx: 400 });
    expect(image.width).toBe(400);
    expect(image.height).toBeLessThan(110);
  });

  test("stand as they are shown when they are turned", async () => {
    const image = await renderer.render(await fileOf(pdfs.rotatedPdf()), 2, { longSidePx: 400 });
    expect([image.width, image.height]).toEqual([300, 400]);
  });

  test.each([
    ["encrypted", broken.encryptedPdf, /password/i],
    ["garbage", broken.garbage, /pdf/i],
  ] as const)("fail with the renderer's words when the file is %s", async (_name, make, reason) => {
    await expect(renderer.render(await fileOf(make()), 1)).rejects.toMatchObject({
      errorCode: "page_render_failed",
      details: { page_number: 1, reason: expect.stringMatching(reason) },
    });
  });

  test("fail when the document has no such page", async () => {
    const path = await fileOf(pdfs.manyPagesPdf(2));
    await expect(renderer.render(path, 3)).rejects.toMatchObject({
      errorCode: "page_render_failed",
    });
  });

  test("are the same when several are drawn with one process", async () => {
    const path = await fileOf(pdfs.manyPagesPdf(12));
    const pages = [2, 3, 4, 7, 11, 12, 13];
    const drawn = await renderer.renderAll(path, pages, { folder, longSidePx: 400 });
    expect([...drawn.keys()].sort((a, b) => a - b)).toEqual(pages);
    expect(drawn.get(13)).toBeNull();
    for (const page_number of [3, 7, 12]) {
      const alone = await renderer.render(path, page_number, { longSidePx: 400 });
      expect(drawn.get(page_number)).toEqual(alone);
    }
    expect((await readdir(folder)).filter((name) => name.startsWith("pages-"))).toEqual([]);
  });

  test("are given up on abort, with the abort's own reason", async () => {
    const path = join(folder, crypto.randomUUID());
    Bun.spawnSync(["mkfifo", path]); // whoever reads it waits for what nobody writes
    const signal = AbortSignal.timeout(60);
    await expect(renderer.render(path, 1, { signal })).rejects.toThrow("timed out");
    const later = AbortSignal.timeout(60);
    const several = renderer.renderAll(path, [1, 2], { folder, signal: later });
    await expect(several).rejects.toThrow("timed out");
  });
});

test.skipIf(!pdftoppm)("a page that ends poppler affects only itself", async () => {
  const crashing = join(folder, "crashing-pdftoppm");
  // Draws the pages before the second one, and crashes there. The range is in the options -f and -l.
  const script = `#!/bin/sh
case "$*" in
  *"-f 2 -l 2 "*) kill -SEGV $$ ;;
  *"-f 1 -l 4 "*) ${pdftoppm} -jpeg -f 1 -l 1 -scale-to 200 "\${14}" "\${15}"; kill -SEGV $$ ;;
esac
exec ${pdftoppm} "$@"
`;
  await writeFile(crashing, script, { mode: 0o755 });
  const path = await fileOf(pdfs.manyPagesPdf(4));
  const options = { folder, longSidePx: 200 };
  const drawn = await popplerRenderer(crashing).renderAll(path, [1, 2, 3, 4], options);
  expect([1, 2, 3, 4].map((n) => drawn.get(n)?.width ?? null)).toEqual([200, null, 200, 200]);
});

test("a scanned page shows its picture", async () => {
  const { bytes } = await openPageRenderer().render(await fileOf(pdfs.scannedPdf(1)), 1);
  expect(bytes.length).toBeGreaterThan(10_000);
});

test("a page that is no millimetre wide is drawn, though not by poppler", async () => {
  const { width } = await openPageRenderer().render(await fileOf(pdfs.tinyPagePdf()), 1);
  expect(width).toBe(1_568);
});
