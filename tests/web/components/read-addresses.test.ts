import { describe, expect, test } from "bun:test";
import { isCollection, readAddresses } from "../../../web/components/read-addresses";

const SITE = "https://uni.hosted.panopto.com/Panopto/Pages";
const FOLDER = `${SITE}/Sessions/List.aspx#folderID="3f2504e0-4f89-41d3-9a0c-0305e82c3301"`;
const ONE = `${SITE}/Viewer.aspx?id=8f14e45f-ceea-467f-a9d6-12f1b6a7c111`;
const TWO = `${SITE}/Viewer.aspx?id=9f14e45f-ceea-467f-a9d6-12f1b6a7c222&start=5`;

describe("pasted addresses", () => {
  test.each([
    ["", []],
    [" \n ", []],
    [`${ONE}\r\n\n ${TWO} \n`, [ONE, TWO]],
    [`${ONE} ${TWO}`, [ONE, TWO]],
    [`${ONE}, ${TWO};`, [ONE, TWO]],
    [`"${ONE}"\n<${TWO}>\n(${ONE})`, [ONE, TWO]],
    [FOLDER, [FOLDER]],
    [`<iframe src="${ONE}" width="720"></iframe>`, [`<iframe src="${ONE}" width="720"></iframe>`]],
  ])("of %j are read, each once", (text, addresses) => {
    expect(readAddresses(text)).toEqual(addresses);
  });

  test("of folders and feeds are distinguished from recordings", () => {
    const feed =
      "https://uni.hosted.panopto.com/Panopto/Podcast/Podcast.ashx?courseid=3f25&type=mp4";
    const recordingInFeed = "https://uni.hosted.panopto.com/Panopto/Podcast/Social/8f14.mp4";

    expect([FOLDER, feed].map(isCollection)).toEqual([true, true]);
    expect([ONE, TWO, recordingInFeed, "x"].map(isCollection)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
