import { expect, test } from "bun:test";
import { toMomentUrl, transcriptViewPath } from "../../src/text/moment-url";

const PANOPTO = "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=1";
const VIEW = transcriptViewPath("3f25");

test.each([
  ["Panopto's viewer", PANOPTO, `${PANOPTO}&start=75`],
  ["one with a moment", `${PANOPTO}&start=5`, `${PANOPTO}&start=75`],
  ["YouTube", "https://www.youtube.com/watch?v=x", "https://www.youtube.com/watch?v=x&t=75"],
  ["a short link", "https://youtu.be/x?t=3s&si=y", "https://youtu.be/x?t=75&si=y"],
  [
    "an embedded video",
    "https://www.youtube.com/embed/x",
    "https://www.youtube.com/embed/x?start=75",
  ],
  ["Vimeo", "https://vimeo.com/76979871", "https://vimeo.com/76979871#t=75s"],
  ["a media file", "https://uni.example/a.mp4?x=1#t=3", "https://uni.example/a.mp4?x=1#t=75"],
  ["a fragment", "https://uni.example/a#part=2", "https://uni.example/a#part=2&t=75"],
  ["another YouTube", "https://notyoutube.com/a", "https://notyoutube.com/a#t=75"],
  ["our transcript view", VIEW, `${VIEW}?t=75#t=75`],
  ["our transcript view with a moment", `${VIEW}?t=3#t=3`, `${VIEW}?t=75#t=75`],
])("a link opens at its second: %s", (_, url, expected) => {
  expect(toMomentUrl(url, 75_900)).toBe(expected);
});
