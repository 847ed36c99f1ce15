import { expect, test } from "bun:test";
import { ByteBuffers, freeChunk } from "../../../src/media/fetch/byte-buffers";

const bytesOf = (length: number, value: number) => new Uint8Array(length).fill(value);

test("a buffer has the chunks in their order, however long they are", () => {
  const buffer = new ByteBuffers().take();
  const chunks = [bytesOf(3, 1), bytesOf(0, 2), bytesOf(70_000, 3), bytesOf(200_000, 4)];
  for (const chunk of chunks) buffer.append(chunk);
  expect(Buffer.compare(buffer.bytes, Buffer.concat(chunks))).toBe(0);
});

test("a buffer that was given back is empty, and one in use is not given out again", () => {
  const buffers = new ByteBuffers();
  const first = buffers.take();
  const second = buffers.take();
  expect(second).not.toBe(first);
  first.append(bytesOf(5, 1));
  second.append(bytesOf(5, 2));
  buffers.giveBack(first);
  const third = buffers.take();
  expect(third).toBe(first);
  expect(third.bytes.byteLength).toBe(0);
  third.append(bytesOf(2, 3));
  expect([...third.bytes]).toEqual([3, 3]);
  expect([...second.bytes]).toEqual([2, 2, 2, 2, 2]);
});

test("a chunk that was freed has no memory, and one that shares its memory stays", () => {
  const own = bytesOf(5, 1);
  freeChunk(own);
  expect(own.buffer.byteLength).toBe(0);
  const shared = bytesOf(5, 2).subarray(1, 3);
  freeChunk(shared);
  expect([...shared]).toEqual([2, 2]);
});
