import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPdf } from "../../../src/media/pdf/pdf";
import type { PdfPage } from "../../../src/media/pdf/pdf-deck";
import * as broken from "../../support/broken-pdfs";
import * as pdfs from "../../support/pdfs";
import { rawPdf, text } from "../../support/raw-pdf";
import { eventually } from "../../support/waiting";

const folder = await mkdtemp(join(tmpdir(), "pdf-"));
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Uint8Array | Promise<Uint8Array>): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.pdf`);
  await writeFile(path, await bytes);
  return path;
}

async function pagesOf(bytes: Uint8Array | Promise<Uint8Array>): Promise<PdfPage[]> {
  await using pdf = await readPdf(await fileOf(bytes), { maxPages: 1_000 });
  return await Array.fromAsync(pdf.pages());
}

describe("a well-formed PDF", () => {
  test("gives text, title and size of each page", async () => {
    const body = ["Entropy is the mean", "surprise of a source."];
    const pages = await pagesOf(pdfs.deckPdf([{ title: "What is entropy?", body }]));
    expect(pages).toEqual([
      {
        page_number: 1,
        label: null,
        width_pt: 720,
        height_pt: 405,
        text: "What is entropy?\n\nEntropy is the mean\nsurprise of a source.",
        headings: ["What is entropy?"],
        title: "What is entropy?",
        section: null,
        running_lines: [],
        is_garbled: false,
        picture_share: 0,
        unreadable: false,
      },
    ]);
  });

  test("gives outline, labels, language and metadata", async () => {
    await using pdf = await readPdf(await fileOf(pdfs.outlinedPdf()));
    expect(pdf).toMatchObject({ page_count: 3, language: "en-GB", title: null });
    expect(pdf.metadata.Producer).toStartWith("pdf-lib");
    expect(pdf.outline).toEqual([
      { title: "Basics", page_number: 2, level: 0 },
      { title: "Codes", page_number: 3, level: 1 },
    ]);
    const pages = await Array.fromAsync(pdf.pages());
    expect(pages.map((page) => page.label)).toEqual(["i", "ii", "1"]);
    expect(pages.map((page) => page.section)).toEqual([null, "Basics", "Basics › Codes"]);
  });

  test("gives no page for an outline entry behind its last page", async () => {
    const entry = "<< /Title (Appendix) /Parent 10 0 R /Dest [99 /Fit] >>";
    const catalog = "/Outlines 10 0 R";
    const objects = { 10: "<< /First 11 0 R /Last 11 0 R /Count 1 >>", 11: entry };
    await using pdf = await readPdf(
      await fileOf(rawPdf([text("Sets", 40, 300)], { catalog, objects })),
    );
    expect(pdf.outline).toEqual([{ title: "Appendix", page_number: null, level: 0 }]);
  });

  test("of a thousand pages is read to the end", async () => {
    const pages = await pagesOf(pdfs.manyPagesPdf(1_000));
    expect(pages.length).toBe(1_000);
    expect(pages.at(-1)).toMatchObject({ page_number: 1_000, title: "Page 1000 of 1000" });
  });

  test("in Chinese needs no font in the file", async () => {
    expect((await pagesOf(broken.cjkPdf()))[0]!.text).toBe("信息论与熵");
  });

  test("in Hebrew and Arabic is read from right to left", async () => {
    expect((await pagesOf(broken.rightToLeftPdf()))[0]!.text).toBe("שלום עולם\n\nمرحبا بالعالم");
  });

  test("in Arabic and Hebrew keeps the order of letters that share one shape", async () => {
    const drawn = ["ا\ufccbطوط", "ש\ufb4bלם"]; // lam with khah, vav with holam

    expect((await pagesOf(broken.rightToLeftPdf(drawn)))[0]!.text).toBe("الخطوط\n\nשוֹלם");
  });

  test("with turned pages is read as it is shown", async () => {
    const pages = await pagesOf(pdfs.rotatedPdf());
    expect(pages.map((page) => [page.width_pt, page.height_pt])).toEqual([
      [400, 300],
      [300, 400],
      [400, 300],
      [300, 400],
    ]);
    expect(pages[1]!.text).toBe("First line at 90\nSecond line at 90");
    expect(pages[2]!.text).toBe("First line at 180\nSecond line at 180");
  });

  test("with two columns is read one after the other", async () => {
    const [page] = await pagesOf(pdfs.twoColumnPdf());
    expect(page!.title).toBe("A title across both columns of the page");
    expect(page!.text.indexOf("looked at")).toBeLessThan(page!.text.indexOf("Only then"));
  });

  test("with a form includes what was filled in", async () => {
    expect((await pagesOf(pdfs.formPdf()))[0]!.text).toBe("Name:\n\nAda Lovelace\n\nChannels");
  });

  test.each([
    ["attachments", pdfs.attachmentPdf],
    ["a portfolio of files", pdfs.portfolioPdf],
  ])("with %s gives its cover page", async (_name, make) => {
    expect((await pagesOf(make()))[0]!.text).toBe("The data is attached.");
  });

  test("with a page of kilometres keeps its numbers", async () => {
    expect((await pagesOf(pdfs.hugePagePdf()))[0]).toMatchObject({
      width_pt: 56_000_000,
      text: "A very large page",
    });
  });

  test("that was scanned has pages without text", async () => {
    const pages = await pagesOf(pdfs.scannedPdf(2));
    expect(pages.map(({ text, unreadable }) => ({ text, unreadable }))).toEqual([
      { text: "", unreadable: false },
      { text: "", unreadable: false },
    ]);
  });
});

describe("a bad PDF", () => {
  type Make = () => Uint8Array | Promise<Uint8Array>;
  const named: [string, Make, object][] = [
    [
      "nothing",
      () => new Uint8Array(),
      { errorCode: "pdf_invalid", details: { reason: "the file is empty" } },
    ],
    ["garbage", broken.garbage, { errorCode: "pdf_invalid", details: { reason: "no %PDF- mark" } }],
    ["garbage behind the mark", broken.garbageWithMark, { errorCode: "pdf_invalid" }],
    ["a cut-off file", broken.truncatedPdf, { errorCode: "pdf_invalid" }],
    ["a password", broken.encryptedPdf, { errorCode: "pdf_encrypted" }],
    ["a certificate", broken.certificatePdf, { errorCode: "pdf_encrypted" }],
    ["no pages", broken.noPagesPdf, { errorCode: "pdf_empty" }],
    [
      "too many pages",
      () => pdfs.manyPagesPdf(1_001),
      { errorCode: "pdf_too_many_pages", details: { page_count: 1_001, max_pages: 1_000 } },
    ],
  ];
  test.each(named)("with %s fails with that reason", async (_name, make, problem) => {
    await expect(pagesOf(make())).rejects.toMatchObject(problem);
  });

  test("that lies about its pages gives those it has", async () => {
    expect((await pagesOf(broken.lyingCountPdf())).length).toBe(1);
  });

  test("whose pages contain themselves ends, with a page that says so", async () => {
    expect(await pagesOf(broken.loopingTreePdf())).toMatchObject([{ text: "", unreadable: true }]);
  });

  test("with an image of 3.6 gigapixels is read without it", async () => {
    expect(await pagesOf(broken.hugeImagePdf())).toMatchObject([{ text: "", unreadable: false }]);
  });
});

describe("the limits", () => {
  test("a bomb of half a gigabyte is stopped by its memory", async () => {
    const path = await fileOf(broken.bombPdf(512));
    await using pdf = await readPdf(path, { memoryMb: 300 });
    await expect(pdf.page(1)).rejects.toMatchObject({
      errorCode: "pdf_too_complex",
      details: { limit: "memory", memory_mb: 300 },
    });
    // Whoever asks again learns the same instead of waiting.
    await expect(pdf.page(1)).rejects.toMatchObject({ errorCode: "pdf_too_complex" });
  });

  test("a page that exceeds them is unreadable, and the pages around it are read", async () => {
    const path = await fileOf(broken.bombAmongPagesPdf(250));
    await using pdf = await readPdf(path, { memoryMb: 240 });
    const pages = await Array.fromAsync(pdf.pages());
    expect(pages.map(({ text, unreadable }) => [text, unreadable])).toEqual([
      ["Before the bomb", false],
      ["", true],
      ["After the bomb", false],
    ]);
    expect((await pdf.page(2)).unreadable).toBe(true);
  });

  test("an abort ends the work at once, with the abort's own reason", async () => {
    const stop = new AbortController();
    const path = await fileOf(broken.bombPdf(512));
    await using pdf = await readPdf(path, { signal: stop.signal, memoryMb: 8_000 });
    const page = pdf.page(1);
    stop.abort(new Error("deleted meanwhile"));
    await expect(page).rejects.toThrow("deleted meanwhile");
  });

  test("a reader that failed is not left behind, neither running nor as a zombie", async () => {
    const path = await fileOf(pdfs.manyPagesPdf(3));
    await readPdf(path, { timeoutMs: 1 }).catch(() => {});
    const before = childrenOfThisProcess();
    {
      await using pdf = await readPdf(path, { memoryMb: 1_025 });
      const page = pdf.page(1).catch((error: unknown) => error);
      expect(childrenOfThisProcess().length).toBe(before.length + 1);
      await pdf[Symbol.asyncDispose](); // while it reads
      expect(await page).toMatchObject({ errorCode: "pdf_reader_killed" });
    }
    await readPdf(path, { timeoutMs: 1 }).catch(() => {});
    await readPdf(path, { signal: AbortSignal.abort() }).catch(() => {});
    expect(childrenOfThisProcess()).toEqual(before);
  });
});

describe("a reader that is done", () => {
  const readDeck = async (topic: string) => {
    const [page] = await pagesOf(pdfs.deckPdf([{ title: topic, body: [] }]));
    return page!.title;
  };

  test("reads the next documents, and mixes none of them up", async () => {
    expect(await readDeck("First")).toBe("First");
    const kept = childrenOfThisProcess();
    expect(await Promise.all([readDeck("Second"), readDeck("Third")])).toEqual(["Second", "Third"]);
    await readPdf(await fileOf(broken.encryptedPdf())).catch(() => {});
    expect(await readDeck("Fourth")).toBe("Fourth");
    expect(childrenOfThisProcess()).toEqual(kept);
  });

  test("is replaced when another process has ended it", async () => {
    await readDeck("First");
    const [kept] = childrenOfThisProcess();
    process.kill(Number.parseInt(kept!, 10), "SIGKILL");
    await eventually(
      async () => childrenOfThisProcess().length,
      (count) => count === 0,
    );
    expect(await readDeck("Second")).toBe("Second");
  });
});

/** Without the compiler of the reader, which the first reading can start. */
function childrenOfThisProcess(): string[] {
  const { stdout } = Bun.spawnSync(["ps", "--ppid", String(process.pid), "-o", "pid=,args="]);
  const lines = stdout.toString().trim().split("\n");
  return lines.filter((line) => line && !/ps --ppid|compile-pdf-child/.test(line));
}

test("the sample course's slides read as they are described in its README", async () => {
  const course = join(import.meta.dir, "../../../examples/course");
  await using pdf = await readPdf(join(course, "slides.pdf"));
  const pages = await Array.fromAsync(pdf.pages());
  const rows = pages.map((page) => [page.page_number, page.title, page.section ?? ""].join(" | "));
  const readme = await Bun.file(join(course, "README.md")).text();
  expect(readme.match(/^\| \d.*\|$/gm)?.map((row) => row.slice(2, -1).trim())).toEqual(
    rows.map((row) => row.trim()),
  );
  expect(pages[3]!.text).toContain("H(X) = − Σ_x p(x) log_2 p(x)");
  expect(pages[5]!.text).toContain("rain\t1/8\t3 bits\t0.375");
});
