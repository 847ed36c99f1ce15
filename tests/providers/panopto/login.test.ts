import { afterAll, describe, expect, test } from "bun:test";
import { openPanopto } from "../../../src/providers/panopto";
import { failureOf } from "../../support/failures";
import { openPanoptoClients } from "../../support/panopto/clients";
import { CLIENT } from "../../support/panopto/login";

const { signal } = new AbortController();
const clients = openPanoptoClients();
const { open, folder } = clients;
afterAll(() => clients.close());

const camera = { tag: "DV", file: "ts/master.m3u8" };

describe("signing in", () => {
  test("without a sign-in, the error asks for a cookie", async () => {
    const { site, panopto, add } = await open();
    site.requireLogin("right");

    expect((await failureOf(panopto.describe(add({}), signal))).code).toBe(
      "panopto_login_required",
    );
  });

  test.each(["right", "right\n", ".ASPXAUTH=right", "a=b; .ASPXAUTH=right"])(
    "by a cookie: %j",
    async (cookie) => {
      const { site, panopto, add } = await open({ cookie });
      site.requireLogin("right");

      expect((await panopto.describe(add({}), signal)).title).toBe("Entropy, lecture 1");
    },
  );

  test("an expired cookie is used once, because it cannot be renewed", async () => {
    const { site, panopto, add } = await open({ cookie: "expired" });
    site.requireLogin("right");

    const failure = await failureOf(panopto.describe(add({}), signal));
    expect(failure.code).toBe("panopto_login_required");
    expect(failure.message).toMatch(/PANOPTO_COOKIE.*new one, or upload the audio/);
    expect(site.hits("DeliveryInfo")).toBe(1);
  });

  test("as an API client: one login serves all, and is renewed once for all when it expires", async () => {
    const { site, panopto, add } = await open(CLIENT);
    site.requireLogin("somebody else's");
    const address = add({});
    const describeThrice = () =>
      Promise.all([1, 2, 3].map(() => panopto.describe(address, signal)));

    await describeThrice();
    expect(site.hits("legacyLogin")).toBe(1);

    site.expireLogins();
    await describeThrice();
    expect(site.hits("legacyLogin")).toBe(2);
  });

  test("an API client that is refused ends in the same code, and may try again later", async () => {
    const { site, panopto, add } = await open({ ...CLIENT, password: "wrong" });
    site.requireLogin("somebody else's");
    const address = add({});

    for (const logins of [1, 2]) {
      const failure = await failureOf(panopto.describe(address, signal));
      expect(failure).toMatchObject({ code: "panopto_login_required" });
      expect(failure.message).toMatch(/PANOPTO_CLIENT_ID.*upload the audio/);
      expect(site.hits("connect/token")).toBe(logins);
    }
  });

  test("cookies go to the Panopto site and not to the servers it names", async () => {
    const cdn = (await open()).site;
    const { site, add, download } = await open({ cookie: "right" });
    const options = { allowedHosts: [site.host, cdn.host], cookie: "right" };
    const cdnId = new URL(cdn.addSession({})).searchParams.get("id");
    const file = `${cdn.origin}/sessions/${cdnId}/ts/media.m3u8`;
    const address = add({ streams: [{ tag: "AUDIO", file }] });
    await openPanopto(options).download(address, folder, () => {}, signal);

    expect(site.seen.every(({ cookie }) => cookie === ".ASPXAUTH=right")).toBe(true);
    expect(cdn.seen).toHaveLength(7);
    expect(cdn.seen.every(({ cookie }) => cookie === undefined)).toBe(true);
    expect((await failureOf(download(address))).code).toBe("address_blocked"); // cdn not allowed here
  });
});

test("a public session needs no sign-in, even where the API client is unknown", async () => {
  const { site, panopto, add, download } = await open({ ...CLIENT, clientId: "somebody else" });
  const address = add({ streams: [camera] });

  expect((await panopto.describe(address, signal)).title).toBe("Entropy, lecture 1");
  expect((await download(address)).source).toBe("stream");
  expect(site.hits("legacyLogin")).toBe(0);
  expect(site.hits("connect/token")).toBe(1); // a refusal is not asked for again without need
});
