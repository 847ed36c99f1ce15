import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
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

  test("are given up on abort, with the abort's own reason", async () => {
    const path = join(folder, crypto.randomUUID());
    Bun.spawnSync(["mkfifo", path]); // whoever reads it waits for what nobody writes
    const signal = AbortSignal.timeout(60);
    await expect(renderer.render(path, 1, { signal })).rejects.toThrow("timed out");
  });
});

test("a scanned page shows its picture", async () => {
  const { bytes } = await openPageRenderer().render(await fileOf(pdfs.scannedPdf(1)), 1);
  expect(bytes.length).toBeGreaterThan(10_000);
});

test("a page that is no millimetre wide is drawn, though not by poppler", async () => {
  const { width } = await openPageRenderer().render(await fileOf(pdfs.tinyPagePdf()), 1);
  expect(width).toBe(1_568);
});
