import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPdf } from "../../../src/media/pdf/pdf";
import { rawPdf, text } from "../../support/raw-pdf";

const folder = await mkdtemp(join(tmpdir(), "annotations-"));
afterAll(() => rm(folder, { recursive: true }));

const RECT = "/Rect [40 40 300 60]";
const APPEARANCE = "/DA (/F1 12 Tf 0 g)";

/** The text of a page with these annotations. */
async function textWith(...annotations: string[]): Promise<string> {
  return await textOf(annotations);
}

async function textOf(
  annotations: string[],
  catalog = "",
  groups: Record<number, string> = {},
): Promise<string> {
  const references = annotations.map((_, i) => `${10 + i} 0 R`).join(" ");
  const page = { content: text("The page.", 40, 300), entries: `/Annots [${references}]` };
  const objects = Object.fromEntries(
    annotations.map((body, i) => [10 + i, `<< /Type /Annot ${RECT} ${body} >>`]),
  );
  const path = join(folder, `${crypto.randomUUID()}.pdf`);
  const fields = `/AcroForm << /Fields [${references}] >>`;
  const file = { objects: { ...objects, ...groups }, catalog: fields + catalog };
  await writeFile(path, rawPdf([page], file));
  await using pdf = await readPdf(path);
  return (await pdf.page(1)).text;
}

test("text typed over the page is read", async () => {
  expect(await textWith(`/Subtype /FreeText ${APPEARANCE} /Contents (Corrected: 42)`)).toBe(
    "The page.\n\nCorrected: 42",
  );
});

test("notes, popups, highlights and hidden annotations are not read", async () => {
  const read = await textWith(
    "/Subtype /Text /Contents (A private note)",
    "/Subtype /Popup /Contents (A popup)",
    "/Subtype /Highlight /QuadPoints [40 60 300 60 40 40 300 40] /Contents (A remark)",
    `/Subtype /FreeText ${APPEARANCE} /F 2 /Contents (Hidden)`,
    `/Subtype /FreeText ${APPEARANCE} /F 32 /Contents (For print only)`,
  );

  expect(read).toBe("The page.");
});

test("filled-in fields are read, passwords and hidden fields are not", async () => {
  const read = await textWith(
    `/Subtype /Widget /FT /Tx /T (name) ${APPEARANCE} /V (Ada Lovelace)`,
    `/Subtype /Widget /FT /Tx /T (secret) /Ff 8192 ${APPEARANCE} /V (hunter2)`,
    `/Subtype /Widget /FT /Tx /T (token) /F 2 ${APPEARANCE} /V (abc-123)`,
  );

  expect(read).toBe("The page.\n\nAda Lovelace");
});

test("text typed on a layer that is switched off is not read", async () => {
  const catalog = "/OCProperties << /OCGs [50 0 R] /D << /OFF [50 0 R] >> >>";
  const group = { 50: "<< /Type /OCG /Name (Solutions) >>" };
  const solution = `/Subtype /FreeText ${APPEARANCE} /OC 50 0 R /Contents (The solution)`;

  expect(await textOf([solution], catalog, group)).toBe("The page.");
});
