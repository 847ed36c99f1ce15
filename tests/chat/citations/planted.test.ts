import { describe, expect, test } from "bun:test";
import { checkCitations } from "../../../src/chat/citations/check";
import { PLANTED } from "./planted-answers";
import { plantedPassages } from "./planted-passages";

describe("checkCitations distinguishes true citations from misplaced and invented ones", () => {
  test.each(PLANTED)("%s in %j", (expected, answer) => {
    const checked = checkCitations(answer, plantedPassages).citations.map(
      ({ number, unsupported }) => `${number}${unsupported ? "!" : ""}`,
    );

    expect(checked.join(" ")).toBe(expected);
  });
});
