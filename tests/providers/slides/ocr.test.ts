import { expect, setDefaultTimeout, test } from "bun:test";
import { createCanvas } from "@napi-rs/canvas";
import { findOcr } from "../../../src/providers/slides/ocr";

setDefaultTimeout(120_000);

function picture(words: string, lines = 1): Uint8Array {
  const canvas = createCanvas(1_200, 240 + 60 * lines);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = "48px sans-serif";
  for (let line = 0; line < lines; line++) context.fillText(words, 40, 150 + 60 * line);
  return canvas.toBuffer("image/png");
}
const soon = () => AbortSignal.timeout(60_000);

test("reads what is printed on pictures, several at once", async () => {
  await using ocr = findOcr()!();

  const texts = await Promise.all(
    ["The capacity is 42 bits", "Noise adds errors", ""].map((words) =>
      ocr.read(picture(words), soon()),
    ),
  );

  expect(texts.map(({ text }) => text.trim())).toEqual([
    ...["The capacity is 42 bits", "Noise adds errors", ""],
  ]);
});

test("a file that is no picture fails alone", async () => {
  await using ocr = findOcr()!();

  const failed = await ocr.read(Buffer.from("no picture"), soon()).then(
    () => "read",
    () => "failed",
  );

  expect(failed).toBe("failed");
  expect((await ocr.read(picture("Still here"), soon())).text).toContain("Still here");
});

test("stops in the middle of a picture, and reads the next one", async () => {
  await using ocr = findOcr()!();
  await ocr.read(picture("warm"), soon());
  const stop = new AbortController();
  const stopped = ocr
    .read(picture("A picture of many words", 40), stop.signal)
    .catch((e: Error) => e.name);
  setTimeout(() => stop.abort(), 5);

  expect(await stopped).toBe("AbortError");
  expect((await ocr.read(picture("The next"), soon())).text).toContain("The next");
});

test("stops while its engine starts", async () => {
  await using ocr = findOcr()!();
  const stop = new AbortController();
  const stopped = ocr.read(picture("Too early", 40), stop.signal).catch((e: Error) => e.name);
  await Promise.resolve();
  stop.abort();

  expect(await stopped).toBe("AbortError");
});

test("takes the line in the largest type for the title", async () => {
  const canvas = createCanvas(1_200, 600);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = "72px sans-serif";
  context.fillText("Thermodynamics", 60, 120);
  context.font = "36px sans-serif";
  context.fillText("The second law says entropy never decreases.", 60, 260);
  context.fillText("It holds for every closed system.", 60, 330);
  await using ocr = findOcr()!();

  expect(await ocr.read(canvas.toBuffer("image/png"), soon())).toEqual({
    text: expect.stringContaining("entropy never decreases"),
    title: "Thermodynamics",
  });
});
