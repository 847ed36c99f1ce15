import { expect, test } from "bun:test";
import { charactersOfTexFont } from "../../../src/media/pdf/tex-encodings";

const namesOf = (text: string, more: number[]) =>
  [...[...text].map((one) => one.charCodeAt(0)), ...more].map(
    (code) => [code, `a${code}`] as const,
  );
const read = (text: string, ...codes: number[]) => {
  const characters = charactersOfTexFont(undefined, namesOf(text, codes));
  return codes.map((code) => characters?.get(code)).join(" ");
};

test("ligatures and letters with accents are read in the encoding that the codes show", () => {
  const letters = "acehinorstu.";
  expect(read(letters, 0x0b, 0x0c, 0x0e, 0x19, 0x7b)).toBe("ff fi ffi ß –");
  expect(read(letters, 0x1b, 0x1c, 0x1e, 0xe4, 0xff, 0x15)).toBe("ff fi ffi ä ß –");
  // A heading without a full stop.
  expect(read("ielnorst", 0x1c, 0xe4)).toBe("fi ä");
});

test("letters of formulas are Greek", () => {
  expect(read("xyn;", 0x0b, 0x1b, 0x12)).toBe("α σ θ");
});

test("code in a typewriter font keeps its marks", () => {
  expect(charactersOfTexFont(undefined, namesOf('defturnqx():*#"<{_.', []))?.size ?? 0).toBe(0);
});

test("fonts of other programs are left alone", () => {
  expect(charactersOfTexFont(undefined, [[28, "fi"]])).toBeNull();
  expect(charactersOfTexFont(undefined, [[28, "a1"]])).toBeNull();
  expect(charactersOfTexFont(undefined, [])).toBeNull();
});

test("the large signs of formulas are read by the name of their font", () => {
  const signs = charactersOfTexFont("ABCDEF+CMEX10", [])!;
  expect(
    [0x12, 0x13, 0x30, 0x40, 0x58, 0x59, 0x5a, 0x61, 0x6f, 0x74]
      .map((code) => signs.get(code))
      .join(""),
  ).toBe("()⎛⎝∑∏∫∐}√");
  expect(charactersOfTexFont("CMR10", [])).toBeNull();
});
