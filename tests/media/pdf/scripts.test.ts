import { describe, expect, test } from "bun:test";
import { type Run, type Script, writeRuns } from "../../../src/media/pdf/scripts";

/** `^{…}` is a superscript and `_{…}` a subscript. */
function runsOf(marked: string): Run[] {
  return marked.split(/([\^_]\{[^}]*\})/).flatMap((part): Run[] => {
    const script: Script = { "^": "super", _: "sub" }[part[0] ?? ""] as Script;
    const isScript = /^[\^_]\{/.test(part);
    if (part === "") return [];
    return [isScript ? { text: part.slice(2, -1), script } : { text: part, script: "base" }];
  });
}

describe("writeRuns", () => {
  test.each([
    ["about 10^{13} cells", "about 10^13 cells"],
    ["falls as r^{-2} with distance", "falls as r^-2 with distance"],
    ["r^{−2}", "r^-2"],
    ["O^{nce upon a time there was}", "Once upon a time there was"],
    ["^{\ue00c} First point", "\ue00c First point"],
    ["9.81 m/s^{2}", "9.81 m/s^2"],
    ["an area of 5 km^{2}", "an area of 5 km^2"],
    ["0.1 mol^{-1}", "0.1 mol^-1"],
    ["sin^{2} x", "sin^2 x"],
    ["a chi^{2} test", "a chi^2 test"],
    ["e^{x+1}", "e^(x+1)"],
    ["2^{n}", "2^n"],
    ["A^{T}", "A^T"],
    ["f^{(n)}", "f^(n)"],
    ["x_{i}^{2}", "x_i^2"],
    ["x_{i+1}", "x_(i+1)"],
    ["log_{2} n", "log_2 n"],
    ["Σ_{x}p(x)", "Σ_xp(x)"],
    ["P_{1}, P_{2}", "P_1, P_2"],
    ["N_{0}", "N_0"],
  ])("%s becomes %s", (marked, text) => {
    expect(writeRuns(runsOf(marked))).toBe(text);
  });

  test.each([
    ["H_{2}O", "H2O"],
    ["C_{6}H_{12}O_{6}", "C6H12O6"],
    ["CO_{2} and O_{2}", "CO2 and O2"],
    ["SO_{4}^{2-}", "SO4^2-"],
    ["Ca(OH)_{2}", "Ca(OH)2"],
    ["the isotope ^{14}C", "the isotope ^14C"],
  ])("chemistry: %s becomes %s", (marked, text) => {
    expect(writeRuns(runsOf(marked))).toBe(text);
  });

  test.each([
    ["the 1^{st} and 22^{nd} law", "the 1st and 22nd law"],
    ["le XIX^{e} siècle, la 1^{re} fois", "le XIXe siècle, la 1re fois"],
    ["Java^{TM}", "Java™"],
    ["f^{′}(x)", "f′(x)"],
  ])("ordinals and marks: %s becomes %s", (marked, text) => {
    expect(writeRuns(runsOf(marked))).toBe(text);
  });

  test.each([
    ["a famous theorem^{1} of Gauss", "a famous theorem ¹ of Gauss"],
    ["as he wrote.^{12} Then", "as he wrote. ¹² Then"],
    ["the method^{*} works", "the method* works"],
    ["^{1}See the appendix", "¹ See the appendix"],
  ])("a footnote mark is no exponent: %s becomes %s", (marked, text) => {
    expect(writeRuns(runsOf(marked))).toBe(text);
  });
});
