import { afterAll, beforeEach, expect, test } from "bun:test";
import { postJson } from "../../src/providers/post-json";

let respond = (): Response | Promise<Response> => Response.json({});
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => respond() });
afterAll(() => server.stop(true));
beforeEach(() => {
  respond = () => Response.json({});
});

const send = (url = server.url.href, signal = new AbortController().signal) =>
  postJson(url, { a: 1 }, { provider: "judge", key: "secret-key", signal });
const failureOf = (sent: Promise<unknown>) => sent.catch((error: unknown) => error);

test("a response is parsed, and one that was cut off is undefined", async () => {
  respond = () => Response.json({ scores: [1] });
  expect(await send()).toEqual({ scores: [1] });

  respond = () => new Response('{"scores":[');
  expect(await send()).toBeUndefined();
});

test("a refusal has the code of its status and the server's reason, without the key", async () => {
  respond = () => new Response("the key secret-key is unknown", { status: 401 });

  expect(await failureOf(send())).toMatchObject({
    errorCode: "provider_unauthorized",
    details: { provider: "judge", status: 401, message: "the key *** is unknown" },
  });
});

test("a server that does not exist is unavailable", async () => {
  expect(await failureOf(send("http://127.0.0.1:1"))).toMatchObject({
    errorCode: "provider_unavailable",
    details: { provider: "judge" },
  });
});

test("a cancelled request ends with the reason of its signal", async () => {
  const gone = new AbortController();
  const reason = new Error("the client left");
  respond = () => {
    gone.abort(reason);
    return new Promise<Response>(() => {});
  };

  expect(await failureOf(send(undefined, gone.signal))).toBe(reason);
});
