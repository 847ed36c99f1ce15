import { expect } from "bun:test";
import { postFile, postJson } from "./http";
import { manyPagesPdf } from "./pdfs";
import { type Server, settled } from "./server";

/** Uploads a deck of many pages, which takes long enough to be disturbed, into a course of its own. */
export async function uploadDeck(server: Server, pages: number): Promise<string> {
  const { id: course_id } = await server.json(postJson("/api/courses", { name: "Disturbed" }));
  const file = { name: "deck.pdf", bytes: await manyPagesPdf(pages) };
  const upload = postFile("/api/documents/upload", { course_id }, file);
  return (await server.json(upload)).document_id;
}

/** Waits for a deck and fails unless each of its pages and chunks is there once. */
export async function expectWhole(
  server: Server,
  document_id: string,
  pages: number,
): Promise<void> {
  const done = await settled(server, document_id);
  expect(done).toMatchObject({ status: "completed", status_reason: null, page_count: pages });
  expect(done.described_page_count).toBe(pages);

  const chunks = await server.json(`/api/documents/${document_id}/chunks?limit=200`);
  const items: { chunk_index: number; embedding_model: string | null }[] = chunks.items;
  expect(chunks.next_cursor).toBeNull();
  expect(items.map(({ chunk_index }) => chunk_index)).toEqual([...Array(done.chunk_count).keys()]);
  expect(items.filter(({ embedding_model }) => embedding_model === null)).toEqual([]);
}
