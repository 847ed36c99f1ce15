import { expect, test } from "bun:test";
import {
  isRequest,
  MessageSplitter,
  ProtocolError,
  writeMessage,
  writeQuery,
} from "../../../src/db/embedded/wire";

test("messages come out whole, however the stream was cut", () => {
  const sent = [writeQuery("select 1"), writeQuery("x".repeat(5_000)), writeMessage(0x53)];
  const stream = Buffer.concat(sent);

  for (const packetBytes of [1, 3, 7, 1_000, stream.length]) {
    const splitter = new MessageSplitter(true);
    const received: Buffer[] = [];
    for (let at = 0; at < stream.length; at += packetBytes) {
      splitter.push(stream.subarray(at, at + packetBytes));
      for (let part = splitter.take(); part; part = splitter.take()) received.push(part);
    }
    expect(received).toEqual(sent);
  }
});

test("a message that is longer than allowed is refused before it has arrived", () => {
  const splitter = new MessageSplitter(true, 1_000);
  splitter.push(writeQuery("x".repeat(2_000)).subarray(0, 5));

  expect(() => splitter.take()).toThrow(ProtocolError);
});

test("a length that does not even cover itself is refused", () => {
  const splitter = new MessageSplitter(true);
  splitter.push(Buffer.from([0x51, 0, 0, 0, 3]));

  expect(() => splitter.take()).toThrow(ProtocolError);
});

test("only requests reach the backend", () => {
  expect(isRequest(writeQuery("select 1"))).toBe(true);
  expect(isRequest(writeMessage(0x64, "left of a copy"))).toBe(false);
  expect(() => isRequest(writeMessage(0x7a))).toThrow(ProtocolError);
});
