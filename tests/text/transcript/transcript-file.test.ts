import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import {
  parseTranscriptFile,
  type TranscriptFile,
} from "../../../src/text/transcript/transcript-file";
import { cpuMs } from "../../support/cpu-time";

const bytesOf = (text: string, encoding: BufferEncoding = "utf8") =>
  Uint8Array.from(Buffer.from(text, encoding));
const SRT = "1\n00:00:01,000 --> 00:00:02,000\nMüller, Wärme fließt\n";
const VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nMüller, Wärme fließt\n";
const JSON_FILE = JSON.stringify({
  segments: [{ start: 1, end: 2, text: "Müller, Wärme fließt" }],
});

const codeOf = (file: TranscriptFile) => {
  try {
    parseTranscriptFile(file);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.errorCode, error.details.message ?? error.details.problems];
  }
  throw new Error("it was read");
};

describe("the format", () => {
  test.each<[string, string, Partial<TranscriptFile>]>([
    ["VTT without any hint", VTT, {}],
    ["SRT without any hint", SRT, {}],
    ["JSON without any hint", ` \n${JSON_FILE}`, {}],
    ["SRT sent as a form", SRT, { contentType: "application/x-www-form-urlencoded" }],
    ["SRT as plain text", SRT, { contentType: "text/plain; charset=utf-8" }],
    ["VTT called SRT", VTT, { format: "srt", contentType: "application/x-subrip" }],
    ["SRT called JSON", SRT, { filename: "week 1.json" }],
    ["JSON called VTT", JSON_FILE, { contentType: "text/vtt" }],
    ["a VTT with a byte order mark and an empty line first", `\ufeff\n${VTT}`, {}],
    ["a VTT without its first line, by its extension", VTT.slice(8), { filename: "x.VTT" }],
  ])("is found: %s", (_, text, hints) => {
    const { segments } = parseTranscriptFile({ bytes: bytesOf(text), ...hints });

    expect(segments).toEqual([{ start_ms: 1_000, end_ms: 2_000, text: "Müller, Wärme fließt" }]);
  });

  test("of a file of another kind is asked for", () => {
    const pdf = bytesOf("%PDF-1.7\n\u0001\u0002");

    for (const bytes of [bytesOf("heat flows"), pdf, new Uint8Array()]) {
      expect(codeOf({ bytes })).toEqual([
        "content_type_invalid",
        expect.stringContaining("?format=vtt"),
      ]);
    }
  });

  test("that is named, but is not the file's, gives that format's error", () => {
    expect(codeOf({ bytes: bytesOf("{"), contentType: "application/json" })[0]).toBe(
      "body_malformed",
    );
    expect(codeOf({ bytes: bytesOf("no vtt"), format: "vtt" })[0]).toBe("transcript_invalid");
    expect(codeOf({ bytes: bytesOf("[".repeat(5_000_000)), format: "json" })[0]).toBe(
      "body_malformed",
    );
  });
});

describe("the letters", () => {
  test.each<[string, Uint8Array, string | undefined, string[]]>([
    ["UTF-8", bytesOf(SRT), undefined, []],
    ["UTF-8 with a mark", bytesOf(`\ufeff${SRT}`), undefined, []],
    ["UTF-16 with a mark", bytesOf(`\ufeff${SRT}`, "utf16le"), undefined, []],
    ["UTF-16 without a mark", bytesOf(SRT, "utf16le"), undefined, []],
    [
      "big-endian UTF-16",
      bytesOf(`\ufeff${SRT}`, "utf16le").map((_, i, all) => all[i ^ 1]!),
      "utf-8",
      [],
    ],
    ["the named charset", bytesOf(SRT, "latin1"), 'text/plain; charset="ISO-8859-1"', []],
    ["Latin-1 without a name", bytesOf(SRT, "latin1"), undefined, ["Windows-1252"]],
    ["an unknown charset", bytesOf(SRT), "text/plain; charset=klingon", []],
  ])("are read: %s", (_, bytes, contentType, warnings) => {
    const parsed = parseTranscriptFile({ bytes, contentType });

    expect(parsed.segments.map(({ text }) => text)).toEqual(["Müller, Wärme fließt"]);
    expect(parsed.warnings.map(({ message }) => message)).toEqual(
      warnings.map((word) => expect.stringContaining(word)),
    );
  });

  test("one broken byte in UTF-8 costs one letter", () => {
    const bytes = bytesOf(SRT);
    bytes[bytes.length - 2] = 0xff;

    const { segments, warnings } = parseTranscriptFile({ bytes });

    expect(segments[0]!.text).toBe("Müller, Wärme fließ\ufffd");
    expect(warnings).toEqual([{ message: "some bytes are not UTF-8: they are shown as \ufffd" }]);
  });

  test.each<[string, string, number[]]>([
    ["Привет", "windows-1251", [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]],
    [
      "Entropia źródła mierzy niepewność, ponieważ są różne możliwości i błędy",
      "windows-1250",
      // biome-ignore format: bytes
      [0x45, 0x6e, 0x74, 0x72, 0x6f, 0x70, 0x69, 0x61, 0x20, 0x9f, 0x72, 0xf3, 0x64, 0xb3, 0x61, 0x20, 0x6d, 0x69, 0x65, 0x72, 0x7a, 0x79, 0x20, 0x6e, 0x69, 0x65, 0x70, 0x65, 0x77, 0x6e, 0x6f, 0x9c, 0xe6, 0x2c, 0x20, 0x70, 0x6f, 0x6e, 0x69, 0x65, 0x77, 0x61, 0xbf, 0x20, 0x73, 0xb9, 0x20, 0x72, 0xf3, 0xbf, 0x6e, 0x65, 0x20, 0x6d, 0x6f, 0xbf, 0x6c, 0x69, 0x77, 0x6f, 0x9c, 0x63, 0x69, 0x20, 0x69, 0x20, 0x62, 0xb3, 0xea, 0x64, 0x79],
    ],
    ["こんにちは", "Shift_JIS", [0x82, 0xb1, 0x82, 0xf1, 0x82, 0xc9, 0x82, 0xbf, 0x82, 0xcd]],
  ])("of another charset are found by their frequency: %s", (shown, charset, letters) => {
    const line = [...letters, 0x0a];
    const bytes = Uint8Array.from([...bytesOf(SRT.slice(0, 32)), ...line, ...line, ...line]);

    const { segments, warnings } = parseTranscriptFile({ bytes });

    expect(segments.map(({ text }) => text)).toEqual([`${shown}\n${shown}\n${shown}`]);
    expect(warnings).toEqual([{ message: `the file is not UTF-8: it is read as ${charset}` }]);
  });

  test("of an unknown charset are not guessed", () => {
    const bytes = Uint8Array.from([...bytesOf(SRT.slice(0, 32)), 0xcf, 0xf0]);

    expect(codeOf({ bytes })).toEqual([
      "transcript_invalid",
      [{ line: 1, message: "not utf-8 text: save the file as UTF-8" }],
    ]);
  });

  test("stay as they are beside a few bytes 0", () => {
    const bytes = bytesOf(SRT.replace("ll", "l\0l"));
    expect(parseTranscriptFile({ bytes }).segments[0]!.text).toBe("Müller, Wärme fließt");
  });
});

describe("captions in other forms", () => {
  const tt = (times: string) =>
    `<?xml version="1.0"?><tt xml:lang="de"><p ${times}>A<br/>B &amp; C</p></tt>`;
  test.each<[string, string, [number, number, string]]>([
    ["TTML", tt('begin="00:00:01.000" end="00:00:03.000"'), [1_000, 3_000, "A\nB & C"]],
    ["TTML with a length", tt('begin="1s" dur="2500ms"'), [1_000, 3_500, "A\nB & C"]],
    [
      "YouTube's XML",
      '<transcript><text start="0.5" dur="2">it&amp;#39;s</text></transcript>',
      [500, 2_500, "it's"],
    ],
    ["SBV", "0:00:01.500,0:00:04.000\nA\n", [1_500, 4_000, "A"]],
    ["text with times", "0:05\nA\n1:02:10\nB\n", [5_000, 3_730_000, "A"]],
    [
      "JSON Lines",
      '{"start":1,"end":2,"text":"A"}\n{"start":2,"end":3,"text":"B"}\n',
      [1_000, 2_000, "A"],
    ],
    [
      "JSON with NaN",
      '{"segments":[{"start":1,"end":2,"text":"NaN","p":NaN}]}',
      [1_000, 2_000, "NaN"],
    ],
    [
      "ruby text",
      "WEBVTT\n\n00:01.000 --> 00:02.000\n<ruby>漢<rt>かん</rt></ruby>です\n",
      [1_000, 2_000, "漢です"],
    ],
  ])("are read: %s", (_, text, [start_ms, end_ms, shown]) => {
    const [first] = parseTranscriptFile({ bytes: bytesOf(text) }).segments;
    expect(first).toEqual({ start_ms, end_ms, text: shown });
  });

  /** Two texts, one from 1 to 3 s, one from 4 to 5.5 s. */
  test.each<[string, string]>([
    [
      "Whisper's console",
      "[00:01.000 --> 00:03.000]  Heat, flows.\n[00:04.000 --> 00:05.500]  Bye.\n",
    ],
    ["faster-whisper's console", "[1.00s -> 3.00s] Heat, flows.\n[4.00s -> 5.50s] Bye.\n"],
    ["ranges above the text", "00:00:01 - 00:00:03\nHeat, flows.\n\n00:00:04 - 00:00:05.5\nBye.\n"],
    ["whisper's TSV", "start\tend\ttext\n1000\t3000\tHeat, flows.\n4000\t5500\tBye.\n"],
    ["CSV", 'start,end,text\n1,3,"Heat, flows."\n4,5.5,Bye.\n'],
    ["labels of Audacity", "1.000\t3.000\tHeat, flows.\n4.000\t5.500\tBye.\n"],
    [
      "ASS",
      "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, Text\n" +
        "Dialogue: 0,0:00:00.00,0:00:09.00,Sign,,{\\p1}m 0 0 l 5 5{\\p0}\nComment: 0,0:00:01.00,0:00:02.00,Default,,no\n" +
        "Dialogue: 0,0:00:01.00,0:00:03.00,Default,,{\\i1}Heat{\\i0}, flows.\nDialogue: 0,0:00:04.00,0:00:05.50,Default,,Bye.\n",
    ],
    [
      "SAMI in two languages",
      "<SAMI><BODY><SYNC Start=1000><P Class=EN>Heat, flows.<P Class=FR>Chaleur.<SYNC Start=3000><P Class=EN>&nbsp;" +
        "<SYNC Start=4000><P Class=EN>Bye.<SYNC Start=5500><P Class=EN>&nbsp;</BODY></SAMI>",
    ],
    [
      "TTML with the start of its part",
      '<tt><body><div begin="1s"><p begin="0s" end="2s">Heat, flows.</p></div>' +
        '<div begin="3s"><p begin="1s" dur="1.5s">Bye.</p></div></body></tt>',
    ],
    [
      "TTML with times of spans",
      '<tt><body><p><span begin="1s" end="2s">Heat,</span> <span begin="2s" end="3s">flows.</span></p>' +
        '<p begin="4s" end="5.5s">Bye.</p></body></tt>',
    ],
    [
      "JSON text sequences",
      '\u001e{"start":1,"end":3,"text":"Heat, flows."}\n\u001e{"start":4,"end":5.5,"text":"Bye."}\n',
    ],
    ["a table with decimal commas", "Beginn;Ende;Text\n1,0;3,0;Heat, flows.\n4,0;5,5;Bye.\n"],
    [
      "SRT with an empty line after each line",
      "1\n\n00:00:01,000 --> 00:00:03,000\n\nHeat, flows.\n\n\n\n2\n\n00:00:04,000 --> 00:00:05,500\n\nBye.\n",
    ],
    [
      "VTT with an empty line after each line",
      "WEBVTT\n\n\n\n00:01.000 --> 00:03.000\n\nHeat, flows.\n\n\n\n00:04.000 --> 00:05.500\n\nBye.\n",
    ],
    [
      "SRT with Arabic digits and marks of direction",
      "١\n\u200e٠٠:٠٠:٠١,٠٠٠ --> ٠٠:٠٠:٠٣,٠٠٠\u200e\nHeat, flows.\n\n٢\n٠٠:٠٠:٠٤,٠٠٠ --> ٠٠:٠٠:٠٥,٥٠٠\nBye.\n",
    ],
    [
      "SRT with full-width signs",
      "1\n00：00：01，000 --> 00：00：03，000\nHeat, flows.\n\n2\n00：00：04，000 --> 00：00：05，500\nBye.\n",
    ],
    [
      "SRT with escaped arrows",
      "1\n00:00:01,000 --&gt; 00:00:03,000\nHeat, flows.\n\n2\n00:00:04,000 --&gt; 00:00:05,500\nBye.\n",
    ],
    ["captions with seconds alone", "WEBVTT\n\n1.0 --> 3.0\nHeat, flows.\n\n4.0 --> 5.5\nBye.\n"],
    [
      "YouTube's list with lengths",
      '[{"text":"Heat, flows.","start":1,"dur":2},{"text":"Bye.","start":4,"dur":1.5}]',
    ],
  ])("are read with both times: %s", (_, text) => {
    expect(parseTranscriptFile({ bytes: bytesOf(text) }).segments).toEqual([
      { start_ms: 1_000, end_ms: 3_000, text: "Heat, flows." },
      { start_ms: 4_000, end_ms: 5_500, text: "Bye." },
    ]);
  });

  test.each<[string, string]>([
    ["Word", "Heat\n\n00:00:01 Speaker 1\nHeat flows.\n\n00:00:04 Speaker 2\nBye.\n"],
    ["a name and a dash", "Speaker 1 - 00:01\nHeat flows.\n\nSpeaker 2 - 00:04\nBye.\n"],
    [
      "Premiere",
      "00;00;01;00 - 00;00;03;00\nSpeaker 1\nHeat flows.\n\n00;00;04;00 - 00;00;05;00\nSpeaker 2\nBye.\n",
    ],
    [
      "a table",
      "Speaker,Start Time,End Time,Text\nSpeaker 1,00:00:01:00,00:00:03:00,Heat flows.\nSpeaker 2,00:00:04:00,00:00:05:00,Bye.\n",
    ],
  ])("name their speakers: %s", (_, text) => {
    const { segments } = parseTranscriptFile({ bytes: bytesOf(text) });
    expect(segments.map(({ start_ms, speaker, text }) => [start_ms, speaker, text])).toEqual([
      [1_000, "Speaker 1", "Heat flows."],
      [4_000, "Speaker 2", "Bye."],
    ]);
  });

  test("a line of lyrics with two times is spoken twice", () => {
    const lrc = "[ti:Heat]\n[00:01.00][00:09.00]Again\n[00:04.00]<00:04.00> Once\n";
    const { segments } = parseTranscriptFile({ bytes: bytesOf(lrc) });
    expect(segments.map(({ start_ms, text }) => [start_ms, text])).toEqual([
      [1_000, "Again"],
      [4_000, "Once"],
      [9_000, "Again"],
    ]);
  });

  test.each([
    ["a table", "start,end,text\n", "1,2,a b\n"],
    ["labels", "", "1.0\t2.0\ta b\n"],
  ])("%s of a million rows ends in time", (_, head, row) => {
    const bytes = bytesOf(head + row.repeat(1_000_000));
    let found: ReturnType<typeof codeOf>;
    expect(cpuMs(() => void (found = codeOf({ bytes })))).toBeLessThan(8_000);
    expect(found![0]).toBe("transcript_invalid");
  });

  const MANY = 200_000;
  test.each([
    ["carriage returns", `0:01 a\r0:05 b\r${"\r".repeat(MANY)}`],
    ["blank lines after an arrow", `1 --> 2${"\n".repeat(MANY)}`],
    ["blanks behind names", `a${" ".repeat(9_000)}b\n`.repeat(MANY / 9_000)],
    ["attributes of SAMI", `<SAMI><sync ${"start=1 ".repeat(MANY / 8)}`],
    ["classes of SAMI", `<SAMI><sync start=1><p ${"class=a ".repeat(MANY / 8)}`],
    ["blanks in a caption", `<tt><p begin="0:01">${" ".repeat(MANY)}x</p></tt>`],
    ["columns of a table", `start${",".repeat(MANY / 2)}\n${"1\n".repeat(MANY / 4)}`],
    [
      "fields of subtitles",
      `[Script Info]\n[Events]\nFormat: ${"a,".repeat(MANY)}\n${"Dialogue: 1\n".repeat(MANY / 12)}`,
    ],
    [
      "lists below a long name",
      JSON.stringify({
        ["k".repeat(MANY)]: Object.fromEntries(
          Array(MANY / 20)
            .entries()
            .map(([i]) => [`a${i}`, [1]]),
        ),
      }),
    ],
  ])("many %s are read in time", (_, text) => {
    const ms = cpuMs(() => {
      try {
        parseTranscriptFile({ bytes: bytesOf(text) });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    });
    expect(ms).toBeLessThan(1_000);
  });

  test.each<[string, unknown]>([
    [
      "links of a graph",
      [
        { from: 1, to: 2, text: "knows" },
        { from: 7, to: 3, text: "likes" },
      ],
    ],
    [
      "places in a text",
      [
        { from: 0, to: 5, text: "Hello" },
        { from: 6, to: 11, text: "world" },
      ],
    ],
    [
      "names in a text",
      [
        { start: 0, end: 12, text: "Ada Lovelace" },
        { start: 20, end: 26, text: "London" },
      ],
    ],
    [
      "parts with a length",
      [
        { offset: 0, length: 5, text: "Hello" },
        { offset: 6, length: 5, text: "world" },
      ],
    ],
    [
      "ranges of pages",
      [
        { from: 1, to: 15, text: "Introduction" },
        { from: 16, to: 40, text: "Entropy" },
      ],
    ],
  ])("numbers that are no times are refused: %s", (_, list) => {
    expect(() => parseTranscriptFile({ bytes: bytesOf(JSON.stringify({ list })) })).toThrow();
  });

  test("text without times is refused", () => {
    expect(codeOf({ bytes: bytesOf("We meet at 10:30.\nNo times here.\n") })?.[0]).toBe(
      "content_type_invalid",
    );
  });
});
