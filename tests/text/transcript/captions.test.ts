import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { parseSrt, parseVtt } from "../../../src/text/transcript/captions";
import { normalizeSegments, type Segment } from "../../../src/text/transcript/transcript";
import type { ParsedTranscript } from "../../../src/text/transcript/transcript-warnings";
import { toPlainText, toSrt, toVtt } from "../../../src/text/transcript/write-captions";
import { cpuMs } from "../../support/cpu-time";
import { type Random, seededRandom } from "../../support/random";

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

    expect(parseVtt(vtt).segments).toEqual([
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

    expect(parseVtt(vtt).segments).toEqual([
      { start_ms: 0, end_ms: 300, text: "why", speaker: "Ann" },
      { start_ms: 300, end_ms: 1_000, text: "because", speaker: "Bob" },
    ]);
  });

  test("leaves mathematics alone", () => {
    const vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nx < y and y > z, R&D\n";

    expect(textsOf(parseVtt(vtt))[0]).toBe("x < y and y > z, R&D");
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

    expect(parseSrt(srt).segments).toEqual([
      { start_ms: 1_500, end_ms: 2_000, text: "first & foremost\nline two" },
      { start_ms: 5_000, end_ms: 6_000, text: "second" },
    ]);
  });

  test("keeps lines that an empty line cuts off from their cue", () => {
    const parsed = parseSrt("1\n00:00:01,000 --> 00:00:02,000\nheat\n\nflows\n\n42\n");

    expect(textsOf(parsed)).toEqual(["heat\n\nflows\n\n42"]);
    expect(linesOf(parsed)).toEqual([5, 7]);
  });

  test("does not take every colon for the end of a name", () => {
    const srt = "1\n00:00:01,000 --> 00:00:02,000\nNote: heat flows\n";

    expect(parseSrt(srt).segments).toEqual([
      { start_ms: 1_000, end_ms: 2_000, text: "Note: heat flows" },
    ]);
  });
});

const textsOf = ({ segments }: ParsedTranscript) => segments.map(({ text }) => text);
const startsOf = ({ segments }: ParsedTranscript) => segments.map(({ start_ms }) => start_ms);
const linesOf = ({ warnings }: ParsedTranscript) => warnings.map(({ line }) => line);
const withCr = (text: string) => text.replaceAll("\n", "\r");
const withCrLf = (text: string) => text.replaceAll("\n", "\r\n");

const TWO_CUES =
  "1\n00:00:01,000 --> 00:00:04,000\nheat\n\n2\n00:00:05,000 --> 00:00:08,000\nflows\n";

describe("a defect costs its cue at most and is reported with its line", () => {
  test.each([
    [
      "SRT: no end",
      parseSrt,
      "1\n00:00:01,000 -->\nheat\n\n2\n00:00:05,000 -->\nflows\n",
      [1_000, 5_000],
      [2, 6],
    ],
    [
      "VTT: text after an empty line",
      parseVtt,
      "WEBVTT\n\n00:01.000 --> 00:04.000\nheat\n\nstray\nblock\n\n00:05.000 --> 00:08.000\nflows\n",
      [1_000, 5_000],
      [6],
    ],
    [
      "VTT: no first line",
      parseVtt,
      "00:01.000 --> 00:04.000\nheat\n\n00:05.000 --> 00:08.000\nflows\n",
      [1_000, 5_000],
      [1],
    ],
    [
      "VTT: a second header",
      parseVtt,
      "WEBVTT\n\n00:01.000 --> 00:04.000\nheat\n\nWEBVTT\nKind: captions\n\n00:05.000 --> 00:08.000\nflows\n",
      [1_000, 5_000],
      [6],
    ],
    [
      "VTT: no empty line after the header, nor between cues",
      parseVtt,
      "WEBVTT\n00:01.000 --> 00:04.000\nheat\n00:05.000 --> 00:08.000\nflows\n",
      [1_000, 5_000],
      [4],
    ],
    [
      "SRT: no empty line between cues",
      parseSrt,
      "1\n00:00:01,000 --> 00:00:04,000\nheat\n2\n00:00:05,000 --> 00:00:08,000\nflows",
      [1_000, 5_000],
      [5],
    ],
    [
      "SRT: no empty line and no number between cues",
      parseSrt,
      "00:01 --> 00:02\nheat\n00:05 --> 00:08\nflows",
      [1_000, 5_000],
      [3],
    ],
    [
      "a negative start",
      parseSrt,
      TWO_CUES.replace("00:00:01,000", "-00:00:00,500"),
      [0, 5_000],
      [2],
    ],
    [
      "a minus inside a time",
      parseSrt,
      TWO_CUES.replace("00:00:01,000", "00:00:-1,000"),
      [0, 5_000],
      [2],
    ],
    [
      "a cue without length",
      parseSrt,
      TWO_CUES.replace("00:00:04,000", "00:00:01,000"),
      [1_000, 5_000],
      [2],
    ],
    [
      "an end before its start",
      parseSrt,
      TWO_CUES.replace("00:00:04,000", "00:00:00,000"),
      [1_000, 5_000],
      [2],
    ],
    [
      "a number on the line of times",
      parseSrt,
      TWO_CUES.replaceAll(/^(\d)\n/gm, "$1 "),
      [1_000, 5_000],
      [1, 4],
    ],
    [
      "blanks inside times and arrows",
      parseSrt,
      "1\n00: 00: 01, 000 -> 00: 00: 04, 000\nheat\n\n2\n00:00:05:000 --> 00:00:08:000\nflows\n",
      [1_000, 5_000],
      [2],
    ],
    [
      "numbers that skip, without empty lines",
      parseSrt,
      "1\n00:00:01,000 --> 00:00:04,000\nheat\n7\n00:00:05,000 --> 00:00:08,000\nflows\n",
      [1_000, 5_000],
      [5],
    ],
    ["a cue twice", parseSrt, TWO_CUES.replace(/^1\n.*?\n\n/s, "$&$&"), [1_000, 5_000], [6]],
    ["another arrow", parseSrt, TWO_CUES.replaceAll("-->", "->"), [1_000, 5_000], [2, 6]],
    [
      "text on the line of times",
      parseSrt,
      "1\n00:00:01,000 --> 00:00:04,000 heat\n\n2\n00:00:05,000 --> 00:00:08,000\nflows\n",
      [1_000, 5_000],
      [2],
    ],
  ])("%s", (_, parse, file, starts, lines) => {
    for (const variant of [file, withCrLf(file), withCr(file), `\ufeff${file}`]) {
      const parsed = parse(variant);

      expect(textsOf(parsed)).toEqual(["heat", "flows"]);
      expect(startsOf(parsed)).toEqual(starts);
      expect(linesOf(parsed)).toEqual(lines);
    }
  });

  test("a cue whose times cannot be read is left out", () => {
    const bad = "3\n00:00:0x,000 --> 00:00:12,000\nlost\n\n4\n00:00:13.5 --> 123:00:14,25\nlate\n";

    const parsed = parseSrt(`${TWO_CUES}\n${bad}`);

    expect(textsOf(parsed)).toEqual(["heat", "flows", "late"]);
    expect(parsed.segments[2]).toMatchObject({ start_ms: 13_500, end_ms: 442_814_250 });
    expect(parsed.warnings).toEqual([
      { line: 10, message: "the times cannot be read: this cue is left out" },
    ]);
  });

  test("SRT: a cue without times is kept with the one before", () => {
    const parsed = parseSrt(TWO_CUES.replace("00:00:05,000 --> 00:00:08,000\n", ""));

    expect(textsOf(parsed)).toEqual(["heat\n\nflows"]);
    expect(linesOf(parsed)).toEqual([5]);
  });

  test("cues without length get the time that their text takes", () => {
    const { segments } = parseSrt("1\n00:00:01,000 --> 00:00:01,000\nheat flows\n");

    expect(segments).toEqual([{ start_ms: 1_000, end_ms: 1_650, text: "heat flows" }]);
  });

  test("51 defects and more are counted", () => {
    const file = `WEBVTT\n\n${"x\n\n".repeat(1_000)}00:01.000 --> 00:02.000\nheat\n`;
    const { warnings } = parseVtt(file);

    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toEqual({ message: "950 more defects are not listed" });
  });
});

describe("a line of one blank", () => {
  test("does not end a VTT cue, also in place of an empty line between cues", () => {
    const parsed = parseVtt(
      "WEBVTT\n\n00:01.000 --> 00:04.000\n \nheat\n \nflows\n \nname\n00:05.000 --> 00:08.000\non\n",
    );

    expect(textsOf(parsed)).toEqual(["heat\n\nflows", "on"]);
    expect(parsed.warnings).toEqual([]);
  });
});

describe("a file without any usable cue is refused", () => {
  test.each([
    [
      "unreadable times",
      parseVtt,
      "WEBVTT\n\n00:01.000 --> soon\nx\n\nname\nno times\n",
      [3, 6, 1],
    ],
    ["a file without text", parseVtt, "WEBVTT\n\n00:01.000 --> 00:02.000\n<i></i>\n", [1]],
    ["a web page", parseSrt, "<!DOCTYPE html>\n<title>Sign in</title>", [1, 1]],
    ["nothing", parseSrt, "", [1]],
    [
      "a line of a million characters",
      parseVtt,
      `WEBVTT\n\n00:01.000 --> 00:02.000\n${"x".repeat(1_000_001)}`,
      [4, 1],
    ],
  ])("with the numbers of its lines: %s", (_, parse, file, lines) => {
    expect(problemLines(() => parse(file))).toEqual(lines);
  });

  test("and described by at most 20 problems", () => {
    expect(problemLines(() => parseVtt("WEBVTT\n\n".concat("x\n\n".repeat(1_000))))).toHaveLength(
      20,
    );
  });

  test("as is one of more than 100 000 cues", () => {
    const file = "00:01 --> 00:02\nx\n\n".repeat(100_001);

    expect(problemLines(() => parseSrt(file))).toEqual([300_001]);
  });
});

function problemLines(parse: () => ParsedTranscript): number[] {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.errorCode).toBe("transcript_invalid");
    return (error.details.problems as { line: number }[]).map(({ line }) => line);
  }
  throw new Error("it was read");
}

describe("rolling captions hold each line once", () => {
  const YOUTUBE = [
    "WEBVTT",
    "Kind: captions",
    "Language: en",
    "",
    "00:00:00.160 --> 00:00:03.429 align:start position:0%",
    " ",
    "entropy<00:00:00.960><c> measures</c><00:00:01.520><c> how</c><00:00:02.159><c> uncertain</c>",
    "",
    "00:00:03.429 --> 00:00:03.439 align:start position:0%",
    "entropy measures how uncertain",
    " ",
    "",
    "00:00:03.439 --> 00:00:05.749 align:start position:0%",
    "entropy measures how uncertain",
    "a<00:00:03.760><c> random</c><00:00:04.000><c> source</c><00:00:04.160><c> is</c>",
  ].join("\n");

  test("YouTube's VTT, with the times of its words", () => {
    const parsed = parseVtt(YOUTUBE);

    expect(parsed).toEqual({
      language: "en",
      segments: [
        { start_ms: 160, end_ms: 3_439, text: "entropy measures how uncertain" },
        { start_ms: 3_439, end_ms: 5_749, text: "a random source is" },
      ],
      words: [
        { start_ms: 160, end_ms: 960, text: "entropy" },
        { start_ms: 960, end_ms: 1_520, text: "measures" },
        { start_ms: 1_520, end_ms: 2_159, text: "how" },
        { start_ms: 2_159, end_ms: 3_439, text: "uncertain" },
        { start_ms: 3_439, end_ms: 3_760, text: "a" },
        { start_ms: 3_760, end_ms: 4_000, text: "random" },
        { start_ms: 4_000, end_ms: 4_160, text: "source" },
        { start_ms: 4_160, end_ms: 5_749, text: "is" },
      ],
      warnings: [],
    });
  });

  const srt = (...bodies: string[][]) =>
    bodies
      .map((lines, i) => `${i + 1}\n00:00:0${i},000 --> 00:00:0${i + 1},000\n${lines.join("\n")}\n`)
      .join("\n");

  test.each([
    [
      "two lines",
      [["a b"], ["a b", "c d"], ["c d", "e f"]],
      ["a b", "c d", "e f"],
      [0, 1_000, 2_000],
    ],
    [
      "three lines",
      [["a"], ["a", "b"], ["a", "b", "c"], ["b", "c", "d"]],
      ["a", "b", "c", "d"],
      [0, 1_000, 2_000, 3_000],
    ],
    [
      "two new lines at a time",
      [
        ["a", "b"],
        ["b", "c", "d"],
        ["d", "e", "f"],
      ],
      ["a\nb", "c\nd", "e\nf"],
      [0, 1_000, 2_000],
    ],
    ["only two cues", [["a b"], ["a b", "c d"]], ["a b", "c d"], [0, 1_000]],
    [
      "lines that a converter joined",
      [["heat flows"], ["heat flows from hot"], ["from hot to cold"], ["to cold by itself"]],
      ["heat flows", "from hot", "to cold", "by itself"],
      [0, 1_000, 2_000, 3_000],
    ],
    [
      "lines that grow",
      [["heat"], ["heat flows"], ["heat flows from"], ["flows from", "hot"]],
      ["heat", "flows", "from", "flows from\nhot"],
      [0, 1_000, 2_000, 3_000],
    ],
    [
      "a line that is said twice",
      [
        ["a", "yes"],
        ["yes", "yes"],
        ["yes", "b"],
      ],
      ["a\nyes", "yes", "b"],
      [0, 1_000, 2_000],
    ],
  ])("%s", (_, bodies, texts, starts) => {
    const parsed = parseSrt(srt(...bodies));

    expect(textsOf(parsed)).toEqual(texts);
    expect(startsOf(parsed)).toEqual(starts);
  });

  test("a refrain in ordinary captions stays", () => {
    const bodies = [["yes"], ["yes"], ["why", "heat"], ["heat", "flows"], ["on"], ["yes"], ["no"]];

    expect(textsOf(parseSrt(srt(...bodies)))).toEqual(bodies.map((lines) => lines.join("\n")));
  });
});

describe("speakers", () => {
  const vtt = (...texts: string[]) =>
    parseVtt(
      `WEBVTT\n\n${texts.map((text, i) => `${i + 1}\n00:0${i}.000 --> 00:0${i + 1}.000\n${text}\n`).join("\n")}`,
    ).segments.map(({ speaker, text }) => [speaker, text]);

  test.each([
    [
      "Zoom",
      ["Jane Doe: Hello: all.", "Karl van Berg (he/him): Hi."],
      ["Jane Doe", "Karl van Berg (he/him)"],
    ],
    [
      "first names that return",
      ["Ann: a", "Bob: b", "Ann: c", "Bob: d"],
      ["Ann", "Bob", "Ann", "Bob"],
    ],
    [
      "diarization",
      ["[SPEAKER_00]: a", "SPEAKER_01: b", "(Speaker 2) c"],
      ["SPEAKER_00", "SPEAKER_01", "Speaker 2"],
    ],
    ["names in brackets", ["[Jane Doe]: a", "[Karl Berg]: b"], ["Jane Doe", "Karl Berg"]],
    ["broadcast captions", ["&gt;&gt; JANE: a", "b", "&gt;&gt; c"], ["JANE", undefined, undefined]],
    [
      "titles, initials and reversed names",
      ["Prof. Dr. Jane A. Doe: a", "Berg, Karl: b", "Jane A Doe: c"],
      ["Prof. Dr. Jane A. Doe", "Berg, Karl", "Jane A Doe"],
    ],
    ["names in other scripts", ["王伟: 熵", "王伟：热"], ["王伟", "王伟"]],
    [
      "diarization in other languages",
      ["Sprecher 1: a", "Locuteur 2 : b", "发言人3：c", "d", "e", "[UNKNOWN]: f"],
      ["Sprecher 1", "Locuteur 2", "发言人3", undefined, undefined, "UNKNOWN"],
    ],
    ["full names in brackets", ["(Jane Doe) a", "[Karl Berg] b"], ["Jane Doe", "Karl Berg"]],
    ["no blank after the colon", ["Jane Doe:a", "Karl Berg:b"], ["Jane Doe", "Karl Berg"]],
  ])("are found: %s", (_, texts, speakers) => {
    const found = vtt(...texts);

    expect(found.map(([speaker]) => speaker)).toEqual(speakers);
    expect(found.some(([, text]) => /speaker|jane|>>|\[/i.test(text!))).toBe(false);
  });

  test.each([
    ["labels", ["Note: heat flows", "Note: it does"]],
    ["now and then", ["Jane Doe: a", "b", "c", "d"]],
    ["a statement", ["The second law says this: heat flows", "And so: it does"]],
    ["shifts of bits", ["x &gt;&gt; 2 is a quarter"]],
  ])("are not made up: %s", (_, texts) => {
    expect(vtt(...texts)).toEqual(texts.map((text) => [undefined, text.replaceAll("&gt;", ">")]));
  });

  test("change within a cue", () => {
    expect(vtt("Jane Doe: Why?\nKarl Berg: Because\nof heat.", "Jane Doe: I see.")).toEqual([
      ["Jane Doe", "Why?"],
      ["Karl Berg", "Because\nof heat."],
      ["Jane Doe", "I see."],
    ]);
  });
});

describe("notices about the captions are no speech", () => {
  test.each([
    "[Auto-generated transcript. Edits may have been applied for clarity.]",
    "Auto-generated transcript",
    "(Automatically generated captions)",
    "Transcribed by https://otter.ai",
    "[Automatisch generiertes Transkript]",
  ])("%s", (notice) => {
    const file = `1\n00:00:00,000 --> 00:00:00,500\n${notice}\n\n${TWO_CUES.slice(2)}`;

    expect(textsOf(parseSrt(file))).toEqual(["heat", "flows"]);
  });

  test("a notice in brackets on the line of speech", () => {
    const notice = "[Auto-generated transcript. Edits may have been applied for clarity.]";

    expect(textsOf(parseSrt(TWO_CUES.replace("heat", `${notice} heat`)))).toEqual([
      "heat",
      "flows",
    ]);
  });

  test("speech about them stays", () => {
    const text = "auto-generated captions are often wrong";

    expect(textsOf(parseSrt(TWO_CUES.replace("heat", text)))).toEqual([text, "flows"]);
  });
});

describe("the header and character references", () => {
  test.each([
    ["Language: de", "de"],
    ["Kind: captions\nLanguage: pt_br", "pt-BR"],
    ["Language: German", "de"],
    ["Language: gibberish!", null],
    ["", null],
  ])("%p", (header, language) => {
    expect(parseVtt(`WEBVTT\n${header}\n\n00:01.000 --> 00:02.000\nx\n`).language).toBe(language);
  });

  test("references are decoded once", () => {
    const text =
      "Le caf&eacute; &mdash; d&rsquo;accord&hellip; it&#39;s H&amp;amp;S &#x22;x&quot;&nbsp;y &unknown; R&D";

    expect(textsOf(parseVtt(`WEBVTT\n\n00:01.000 --> 00:02.000\n${text}\n`))).toEqual([
      'Le café — d’accord… it\'s H&amp;S "x" y &unknown; R&D',
    ]);
  });
});

test("names above the text are speakers; labels above it are not", () => {
  const file = (name: string, other: string) =>
    `1\n00:00:01,000 --> 00:00:02,000\n${name}:\nGuten Tag.\nEs geht los.\n\n` +
    `2\n00:00:02,000 --> 00:00:03,000\n${other}:\nHallo.\n`;

  expect(parseSrt(file("Anna Müller", "Bob Meier")).segments).toMatchObject([
    { speaker: "Anna Müller", text: "Guten Tag.\nEs geht los." },
    { speaker: "Bob Meier", text: "Hallo." },
  ]);
  expect(textsOf(parseSrt(file("Definition", "Beispiel")))).toEqual([
    "Definition:\nGuten Tag.\nEs geht los.",
    "Beispiel:\nHallo.",
  ]);
});

test("an inequality is text, a tag is not", () => {
  const file =
    "1\n00:00:01,000 --> 00:00:02,000\n<b>if</b> a<b and c>d, <i.x>then</i> u<c or v>w\n";

  expect(textsOf(parseSrt(file))).toEqual(["if a<b and c>d, then u<c or v>w"]);
});

describe("hostile files end in time", () => {
  const cue = "WEBVTT\n\n00:00.000 --> 00:01.000\n";
  test.each([
    ["a line of 10 MB", `${cue}${"heat ".repeat(2_000_000)}\n\n${cue.slice(8)}x`],
    ["tags without an end", `${cue}${"<c.a <v <".repeat(100_000)}`],
    ["timing tags", `${cue}${"<00:00:00.500>a".repeat(60_000)}`],
    ["marks of speakers", `${cue}${">".repeat(900_000)} x`],
    ["spaces and colons", `${cue}${"a: ".repeat(300_000)}`],
    ["settings", `${cue.trimEnd()} ${"a:b".repeat(300_000)} !\nx`],
    ["references", `${cue}${"&amp".repeat(200_000)}`],
    ["lines of one cue", `${cue}${"x\n".repeat(900_000)}`],
    ["empty lines", `${cue}x${"\n".repeat(5_000_000)}`],
    ["rolling lines", `WEBVTT\n\n${"00:00.000 --> 00:01.000\na\nb\n\n".repeat(90_000)}`],
    ["times at once", `WEBVTT\n\n${"00:00.000 --> 00:00.000\na b c\n\n".repeat(90_000)}`],
  ])("%s", (_, file) => {
    const ms = cpuMs(() => {
      try {
        parseVtt(file);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    });
    expect(ms).toBeLessThan(5_000);
  });
});

describe("what was written", () => {
  test("shows plainly in a player", () => {
    const segments = [{ start_ms: 3_661_007, end_ms: 360_000_000, text: "a < b", speaker: "Ann" }];

    expect(toVtt(segments)).toBe("WEBVTT\n\n01:01:01.007 --> 100:00:00.000\n<v Ann>a &lt; b\n");
    expect(toSrt(segments)).toBe("1\n01:01:01,007 --> 100:00:00,000\nAnn:\u2060 a < b\n");
  });

  test("is read back without loss, with any content", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 500; round++) {
      const segments = normalizeSegments([
        ...random.list(random.integer(0, 8), (i) => trickySegment(random, i)),
        { start_ms: 90_000, end_ms: 91_000, text: "heat" },
      ]);

      for (const read of [parseVtt(toVtt(segments)), parseSrt(toSrt(segments))]) {
        expect(read).toEqual({ language: null, segments, warnings: [] });
      }
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
  ">> ",
  "Jane Doe: ",
  "[SPEAKER_00]: ",
  "[Auto-generated transcript] ",
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
