import { afterAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { deleteAsset } from "../../../src/db/assets";
import { verifyDocuments } from "../../../src/pipelines/document/verify";
import { withDatabase } from "../../support/database";
import { openDocumentWork } from "../../support/document-work";
import { deckPdf } from "../../support/pdfs";

const db = await withDatabase();
const lab = await openDocumentWork(db);
afterAll(() => lab[Symbol.asyncDispose]());

test("reports which stored files are intact, changed or missing, and reads no deleted one", async () => {
  const upload = (title: string) => lab.upload(deckPdf([{ title, body: [] }]), `${title}.pdf`);
  const names = ["intact", "changed", "missing", "deleted"];
  const [intact, changed, missing, deleted] = await Promise.all(names.map(upload));
  const fileOf = (id: string) => join(lab.tools.dataRoot, "documents", `${id}.pdf`);
  await Bun.write(fileOf(changed!), "%PDF-1.7 something else");
  await rm(fileOf(missing!));
  await deleteAsset(db, "document", deleted!);

  const found = await Array.fromAsync(verifyDocuments(lab.tools, AbortSignal.timeout(60_000)));

  const states = Object.fromEntries(found.map(({ id, state }) => [id, state]));
  expect(states).toEqual({ [intact!]: "intact", [changed!]: "changed", [missing!]: "missing" });
  expect(found.every(({ filename, state }) => filename === `${state}.pdf`)).toBe(true);
});
