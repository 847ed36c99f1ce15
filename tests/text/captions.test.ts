import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { parseSrt, parseVtt, toPlainText, toSrt, toVtt } from "../../src/text/captions";
import { normalizeSegments, type Segment } from "../../src/text/transcript";
import { type Random, seededRandom } from "../support/random";

describe("parseVtt", () => {
  test("reads what real files hold: marks, headers, comments, styles, names, settings, tags", () => {
    const vtt = [
      "\ufeffWEBVTT - Lecture 3",
      "Kind: captions",
      "",
      "STYLE",
      "::cue { color: red }",
      "",
      "REGION",
      "id:left",
      "",
      "NOTE made by hand",
      "over two lines",
      "",
      "opening",
      "00:01.000 --> 00:02.500 align:start line:0",
      "<v.loud Ann &amp; Bob>Heat <i>flows</i>",
      "<00:02.000><c.key>from hot</c> to cold",
      "",
      "100:00:00.000 --> 100:00:01.500",
      "late&nbsp;hour",
      "",
    ].join("\r\n");

    expect(parseVtt(vtt)).toEqual([
      {
        start_ms: 1_000,
        end_ms: 2_500,
        text: "Heat flows\nfrom hot to cold",
        speaker: "Ann & Bob",
      },
      { start_ms: 360_000_000, end_ms: 360_001_500, text: "late hour" },
    ]);
  });

  test("makes a segment of each voice in a cue", () => {
    const vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>why</v> <v Bob>because\n";

    expect(parseVtt(vtt)).toEqual([
      { start_ms: 0, end_ms: 300, text: "why", speaker: "Ann" },
      { start_ms: 300, end_ms: 1_000, text: "because", speaker: "Bob" },
    ]);
  });

  test("leaves mathematics alone", () => {
    const vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nx < y and y > z, R&D\n";

    expect(parseVtt(vtt)[0]!.text).toBe("x < y and y > z, R&D");
  });
});

describe("parseSrt", () => {
  test("reads what real files hold: marks, coordinates, tags, short times, loose order", () => {
    const srt = [
      "\ufeff1",
      "00:00:05,000 --> 00:00:06,000  X1:40 X2:600 Y1:20 Y2:50",
      '{\\an8}<font color="#fff">second</font>',
      "",
      "0:00:01.5 --> 0:00:02",
      "first &amp; foremost<br>line two",
    ].join("\r\n");

    expect(parseSrt(srt)).toEqual([
      { start_ms: 1_500, end_ms: 2_000, text: "first & foremost\nline two" },
      { start_ms: 5_000, end_ms: 6_000, text: "second" },
    ]);
  });

  test("keeps lines that an empty line cuts off from their cue", () => {
    expect(parseSrt("1\n00:00:01,000 --> 00:00:02,000\nheat\n\nflows\n\n42\n")[0]!.text).toBe(
      "heat\n\nflows\n\n42",
    );
  });

  test("does not take every colon for the end of a name", () => {
    const srt = "1\n00:00:01,000 --> 00:00:02,000\nNote: heat flows\n";

    expect(parseSrt(srt)).toEqual([{ start_ms: 1_000, end_ms: 2_000, text: "Note: heat flows" }]);
  });
});

describe("what cannot be read", () => {
  test.each([
    ["a VTT without its first line", parseVtt, "1\n\n00:01.000 --> 00:02.000\nx", [1]],
    [
      "times that are none",
      parseVtt,
      "WEBVTT\n\n00:01.000 --> soon\nx\n\nname\nno times\n",
      [3, 7],
    ],
    ["a cue that ends before it starts", parseSrt, "1\n00:00:03,000 --> 00:00:02,000\nx\n", [2]],
    ["cues without an empty line between", parseSrt, "00:01 --> 00:02\nx\n00:02 --> 00:03\ny", [3]],
    ["a file without text", parseVtt, "WEBVTT\n\n00:01.000 --> 00:02.000\n<i></i>\n", [1]],
    ["a web page", parseSrt, "<!DOCTYPE html>\n<title>Sign in</title>", [1]],
    ["nothing", parseSrt, "", [1]],
    [
      "a line without end",
      parseVtt,
      `WEBVTT\n\n00:01.000 --> 00:02.000\n${"x".repeat(1_000_001)}`,
      [4],
    ],
  ])("is refused with the numbers of its lines: %s", (_, parse, file, lines) => {
    expect(problemLines(() => parse(file))).toEqual(lines);
  });

  test("is described by its first 20 faults", () => {
    expect(problemLines(() => parseVtt("WEBVTT\n\n".concat("x\n\n".repeat(1_000))))).toHaveLength(
      20,
    );
  });

  test("includes more than 100 000 cues", () => {
    const file = "00:01 --> 00:02\nx\n\n".repeat(100_001);

    expect(problemLines(() => parseSrt(file))).toEqual([300_001]);
  });
});

function problemLines(parse: () => Segment[]): number[] {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.errorCode).toBe("transcript_invalid");
    return (error.details.problems as { line: number }[]).map(({ line }) => line);
  }
  throw new Error("it was read");
}

describe("what was written", () => {
  test("shows plainly in a player", () => {
    const segments = [{ start_ms: 3_661_007, end_ms: 360_000_000, text: "a < b", speaker: "Ann" }];

    expect(toVtt(segments)).toBe("WEBVTT\n\n01:01:01.007 --> 100:00:00.000\n<v Ann>a &lt; b\n");
    expect(toSrt(segments)).toBe("1\n01:01:01,007 --> 100:00:00,000\nAnn:\u2060 a < b\n");
  });

  test("is read back without loss, whatever is in it", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 500; round++) {
      const segments = normalizeSegments([
        ...random.list(random.integer(0, 8), (i) => trickySegment(random, i)),
        { start_ms: 90_000, end_ms: 91_000, text: "heat" },
      ]);

      expect(parseVtt(toVtt(segments))).toEqual(segments);
      expect(parseSrt(toSrt(segments))).toEqual(segments);
    }
  });
});

const TRICKS = [
  "heat",
  " ",
  "\n",
  "\n\n",
  "-->",
  "00:00:01,000 --> 00:00:02,000",
  "00:01.000 --> 00:02.000",
  "&",
  "&amp;",
  "&#60;",
  "<",
  ">",
  "<i>",
  "</v>",
  "<v Ann>",
  "<00:01.000>",
  "<br>",
  "{\\an8}",
  "{",
  ":",
  "Note: ",
  "42",
  "\t",
  "WEBVTT",
  "NOTE",
  "STYLE",
  "热力学",
  "\\",
  "é",
];

function trickySegment(random: Random, i: number): Segment {
  const start_ms = i * 2_000 + random.integer(0, 999);
  const text = random.list(random.integer(1, 8), () => random.pick(TRICKS)).join("");
  const speaker = random.list(random.integer(1, 4), () => random.pick(TRICKS)).join("");
  const end_ms = start_ms + random.integer(1, 1_000);
  return { start_ms, end_ms, text, ...(random.chance(0.5) && { speaker }) };
}

test("toPlainText leads each turn with its speaker", () => {
  const segments = [
    { start_ms: 0, end_ms: 1, text: "Is that\nall?", speaker: "Ann" },
    { start_ms: 1, end_ms: 2, text: "It is.", speaker: "Bob" },
    { start_ms: 2, end_ms: 3, text: "Nearly.", speaker: "Bob" },
    { start_ms: 3, end_ms: 4, text: "(applause)" },
  ];

  expect(toPlainText(segments)).toBe("Ann: Is that all?\n\nBob: It is. Nearly.\n\n(applause)\n");
});
