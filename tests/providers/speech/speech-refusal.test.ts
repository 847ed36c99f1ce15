import { describe, expect, test } from "bun:test";
import { longestAcceptedPart, readRefusal } from "../../../src/providers/speech/speech-refusal";

const HOUR_MS = 3_600_000;
const response = (status: number, body: unknown) => ({
  provider: "openai",
  status,
  headers: new Headers(),
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const openai = (message: string, code: unknown = null) => ({
  error: { message, type: "invalid_request_error", param: null, code },
});

describe("longestAcceptedPart", () => {
  test.each([
    [
      413,
      openai("Maximum content size limit (26214400) exceeded (28800000 bytes read)"),
      HOUR_MS / 2,
    ],
    [413, "<html><h1>413 Request Entity Too Large</h1></html>", HOUR_MS / 2],
    [
      400,
      openai("Maximum file size exceeded. (parameter=audio_filesize_mb, value=28.8)", 400),
      HOUR_MS / 2,
    ],
    [
      400,
      openai(
        "audio duration 3600.1 seconds is longer than 1400 seconds which is the maximum for this model",
        "invalid_value",
      ),
      1_358_000,
    ],
    [400, openai("Maximum clip duration (30s) exceeded.", 400), 29_100],
    [422, { detail: "Audio too long: the model takes at most 2 minutes" }, 116_400],
    [400, { message: "File must be smaller than 25 MB: max size exceeded", code: 400 }, 3_031_250],
    [500, { detail: "You have passed more than 3000 mel input features (> 30 seconds)" }, 29_100],
    [400, "request body is too large", HOUR_MS / 2],
  ])("reads a limit from %p %p", (status, body, expected) => {
    expect(longestAcceptedPart(response(status, body), HOUR_MS)).toBeCloseTo(expected, 0);
  });

  test.each([
    [400, openai("could not decode the audio file")],
    [400, openai("response_format 'verbose_json' is not compatible with model")],
    [429, openai("Rate limit reached: maximum 3 requests per minute")],
    [400, openai("You exceeded your current quota for audio minutes")],
    [401, openai("Invalid key, maximum length 51")],
    [503, "overloaded"],
  ])("finds no limit in %p %p", (status, body) => {
    expect(longestAcceptedPart(response(status, body), HOUR_MS)).toBeNull();
  });
});

describe("readRefusal", () => {
  test.each([
    [openai("no", 400), { message: "no", code: "400" }],
    [openai("no", "invalid_value"), { message: "no", code: "invalid_value" }],
    [{ error: "no" }, { message: "no" }],
    [{ detail: "no" }, { message: "no" }],
    [{ detail: { status: "system_busy", message: "no" } }, { message: "no", code: "system_busy" }],
    [{ detail: [{ loc: ["body"], msg: "no" }] }, { message: "no" }],
    [
      { object: "error", message: "no", code: 40001 },
      { message: "no", code: "40001" },
    ],
    ["no\n", { message: "no" }],
    ["<h1>no</h1>", {}],
    [{ queued: true }, {}],
  ])("of %p", (body, expected) => {
    expect(readRefusal(response(400, body))).toEqual(expected);
  });
});
