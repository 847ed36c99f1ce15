import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openScratch } from "../../src/media/scratch";
import { readBeirSet } from "../../src/retrieval/beir";

const FIXTURE = join(import.meta.dir, "../fixtures/beir");

describe("readBeirSet", () => {
  test("reads documents and those questions that have a relevant document", async () => {
    const { documents, questions } = await readBeirSet(FIXTURE);

    expect(documents).toHaveLength(30);
    expect(questions.map(({ _id }) => _id)).toEqual(
      Array.from({ length: 20 }, (_, i) => `q${i + 1}`),
    );
    expect(questions[1]!.judgments).toEqual(
      new Map([
        ["d3", 2],
        ["d4", 1],
      ]),
    );
  });

  test("names the file that is missing, and the line that is broken", async () => {
    await using scratch = await openScratch(tmpdir());
    const fail = () => readBeirSet(scratch.path).catch((error) => error);

    expect(await fail()).toMatchObject({
      errorCode: "evaluation_set_invalid",
      details: { path: join(scratch.path, "corpus.jsonl"), problem: "the file is missing" },
    });
    await Bun.write(join(scratch.path, "corpus.jsonl"), `{"_id":"1","text":"x"}\n{"_id":2}\n`);
    expect(await fail()).toMatchObject({ details: { problems: { "line 2": expect.anything() } } });
    await Bun.write(join(scratch.path, "corpus.jsonl"), `\uFEFF{"_id":"1","text":"x"}\r\n{"_id":`);
    expect(await fail()).toMatchObject({
      details: { problems: { "line 2": [expect.stringContaining("not a JSON object")] } },
    });
  });

  test("refuses a set by which nothing can be judged", async () => {
    await using scratch = await openScratch(tmpdir());
    await Bun.write(join(scratch.path, "corpus.jsonl"), `{"_id":"1","text":"x"}`);
    await Bun.write(join(scratch.path, "queries.jsonl"), `{"_id":"q","text":"x?"}`);
    await Bun.write(join(scratch.path, "qrels/test.tsv"), "q\t1\t1\nq2\t1\t1");

    await expect(readBeirSet(scratch.path)).rejects.toMatchObject({
      errorCode: "evaluation_set_invalid",
      details: { problem: expect.stringContaining("fewer than two questions") },
    });
  });
});
