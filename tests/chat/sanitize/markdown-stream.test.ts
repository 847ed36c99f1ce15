import { describe, expect, test } from "bun:test";
import { createMarkdownSanitizer } from "../../../src/chat/sanitize/markdown-stream";

const isAllowedUrl = (url: URL) => url.host === "lectern.example";

function sanitize(...pieces: string[]): string {
  const sanitizer = createMarkdownSanitizer(isAllowedUrl);
  return pieces.map((piece) => sanitizer.push(piece)).join("") + sanitizer.end();
}

const HOSTILE: [name: string, answer: string, shown: string][] = [
  ["an image", "see ![x](https://evil.example/a.png) now", "see ! [x](#) now"],
  ["a link", "[click](https://evil.example/?q=secret)", "[click](#)"],
  ["a link with a title", '[click](https://evil.example "a)b")', '[click](# "a)b")'],
  ["a link in angle brackets", "[click](<https://evil.example/a b>)", "[click](#)"],
  ["a link without scheme", "[click](//evil.example)", "[click](#)"],
  ["a link with backslashes", "[click](\\\\\\\\evil.example)", "[click](#)"],
  ["an encoded scheme", "[click](&#106;avascript:alert(1))", "[click](#)"],
  ["a script", "[click](javascript:alert(1))", "[click](#)"],
  ["a target on the next line", "[click](\nhttps://evil.example)", "[click](\n#)"],
  ["a definition", "[a][b]\n\n[b]: https://evil.example\n", "[a][b]\n\n[b]: #\n"],
  ["an image in a link", "[![x](//evil.example)](//evil.example)", "[! [x](#)](#)"],
  ["an autolink", "<https://evil.example/a>", "< (link removed)>"],
  ["a bare address", "at https://evil.example/a?b=c.", "at (link removed)."],
  ["a bare www address", "(www.evil.example)", "((link removed))"],
  ["our host as a user name", "https://lectern.example@evil.example/", "(link removed)"],
  ["an element", '<img src="https://evil.example">', '< img src="(link removed)">'],
  ["a closing element", "</div><!-- x -->", "< /div>< !-- x -->"],
  ["a one-letter element that acts", "a <b onclick=alert(1)>", "a <b onclick:alert(1)>"],
  ["a code span that a list ends", "- `\n- <img src=x>`", "- `\n- < img src=x>`"],
  ["a code span that a table ends", "|`|<img src=x>`|", "|`|< img src=x>`|"],
  ["a fence that a list ends", "- a\n  ```\n<img src=x>", "- a\n  ```\n< img src=x>"],
  ["a false end of a fence", "```\n``` x\n```\n<img src=x>", "```\n``` x\n```\n< img src=x>"],
  ["an escaped backtick", "\\`<img src=x>`", "\\`< img src=x>`"],
  ["a code span behind a doubtful one", "``$$``<img src=x>``", "``$$``< img src=x>``"],
  ["a code span over two lines", "`\n`<img src=x>`", "`\n`< img src=x>`"],
  ["a formula around a backtick", "$`$![x](//evil.example)`", "$`$! [x](#)`"],
  ["a formula around a fence", "$$\n```\n$$\n![x](//a.b)\n", "$$\n```\n$$\n! [x](#)\n"],
  ["an indented fence that is ended", "  ```\nx\n```\n<img src=x>", "  ```\nx\n```\n< img src=x>"],
  [
    "a fence that two lists hide",
    "- a\n  ```\nb\n\n  ```\n```\n<img>",
    "- a\n  ```\nb\n\n  ```\n```\n< img>",
  ],
  ["an address behind a letter", "xhttps://evil.example", "xhttps: //evil.example"],
  ["an address in what is no link", "](/https://evil.example)", "](#)"],
  ["an image behind a colon", "As in [1]: ![x](//evil.example)", "As in [1]: ! [x](#)"],
  ["an image in what is no link", "](![x](//evil.example))", "](! [x](#))"],
  ["a fence in a block of HTML", "<i >\n```\n\n![x](//a.b)", "< i >\n```\n\n![x](//a.b)"],
  ["a backtick in an attribute", "a <b x=`y onclick=z>`", "a <b x=`y onclick:z>`"],
];

const HARMLESS = [
  "Entropy rises when a<b, x < y and 1<2; c > d.",
  "As $x<y$ and \\(a<b\\): $$f[a](x) = n!$$",
  "`<img src=x>` and ``a ` ![b](http://evil.example)`` are code.",
  "```html\n<img src='https://evil.example'>\n```\nafter\n~~~\n[a](//b)\n~~~\n",
  "1. Do\n   ```\n   x\n   ```\n2. so\n\n```html\n<b>\n```\n$$\nx\n$$\n```\n<i>\n```\n",
  "Cited [1][2], [see page 3](/api/documents/1/file#page=3) and [1]: so.",
  "[clip](https://lectern.example/Viewer.aspx?id=1&start=12) at https://lectern.example/x.",
  "Wow! [sic] with https: alone, wwwhat: so",
];

describe("sanitize", () => {
  test.each(HOSTILE)("disarms %s", (_, answer, shown) => {
    expect(sanitize(answer)).toBe(shown);
  });

  test.each(HARMLESS)("leaves %s as it is", (answer) => {
    expect(sanitize(answer)).toBe(answer);
  });

  test("gives the same output however the answer is cut", () => {
    const answers = [...HOSTILE.map(([, answer]) => answer), ...HARMLESS];
    const whole = `${answers.join(" ")}\n${answers.toReversed().join("\n\n")}`;
    for (const answer of [...answers, whole]) {
      const expected = sanitize(answer);

      expect(sanitize(...answer)).toBe(expected);
      for (let seed = 1; seed <= 50; seed += 1) {
        expect(sanitize(...cutAtRandom(answer, seed))).toBe(expected);
      }
    }
  });

  test("knows a code block by its fence, however long its first line is", () => {
    const answer = `\`\`\`${"x".repeat(400)}\n<b>\n\`\`\`\n<img src=x>`;

    expect(sanitize(...answer)).toBe(answer.replace("<img", "< img"));
  });

  test.each(["```", "~~~", "  ~~~", "$$", "~~~\n```\n~~~"])(
    "waits for no endless line after %j, and takes nothing for code from there on",
    (start) => {
      const answer = `${start}${start.at(-1)!.repeat(20_000)}\n<b>\n~~~\n<img src=x>`;
      const { push } = createMarkdownSanitizer(isAllowedUrl);

      expect(push(answer.slice(0, 1_100))).not.toBe("");
      expect(sanitize(answer)).toEndWith("\n< b>\n~~~\n< img src=x>");
      expect(sanitize(...answer)).toBe(sanitize(answer));
    },
  );

  test("holds nothing back of plain prose", () => {
    const { push } = createMarkdownSanitizer(isAllowedUrl);

    expect(push("Entropy measures miss")).toBe("Entropy measures miss");
    expect(push("ing information wit")).toBe("ing information wit");
    expect(push("h a = b [1]")).toBe("h a = b [1");
  });

  test("does not hold back an endless address", () => {
    const { push } = createMarkdownSanitizer(isAllowedUrl);
    const shown = push(`https://evil.example/${"a".repeat(10_000)} and more`);

    expect(shown).toEndWith("and more");
  });
});

/** The same cuts for the same seed: 1 to 7 characters each. */
function cutAtRandom(text: string, seed: number): string[] {
  const pieces: string[] = [];
  let random = seed;
  for (let start = 0; start < text.length; ) {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    const end = start + 1 + ((random >> 8) % 7);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
