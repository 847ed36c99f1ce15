import type { ServerResponse } from "node:http";
import { untilRead } from "../waiting";

/** One exchange that a fault may spoil: the request, the site's true answer, and the wire. */
export type Exchange = {
  url: URL;
  forward: () => Promise<Response>;
  response: ServerResponse;
};

export type Fault = (exchange: Exchange) => Promise<void> | void;

/** Says the full length, sends `bytes` of it, and hangs up. */
export const cutAfter =
  (bytes: number): Fault =>
  async ({ forward, response }) => {
    const body = await sendHead(response, await forward());
    response.write(body.subarray(0, bytes), async () => {
      await untilRead();
      response.destroy();
    });
  };

/** Sends `bytes` of the answer and then nothing, for ever. */
export const stallAfter =
  (bytes: number): Fault =>
  async ({ forward, response }) => {
    const body = await sendHead(response, await forward());
    response.write(body.subarray(0, bytes));
  };

/** Never answers. */
export const silence: Fault = () => {};

/** Sends the answer byte by byte: never silent, never done. */
export const drip =
  (pauseMs: number): Fault =>
  async ({ forward, response }) => {
    const body = await sendHead(response, await forward());
    let sent = 0;
    const timer = setInterval(() => response.write(body.subarray(sent, ++sent)), pauseMs);
    response.on("close", () => clearInterval(timer));
  };

/** Answers something else instead. */
export const answer =
  (status: number, body = "", headers: Record<string, string | string[]> = {}): Fault =>
  ({ response }) => {
    response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
    response.end(body);
  };

export const redirectTo = (location: string): Fault => answer(302, "", { location });

/** What an expired cookie gets. */
export const loginPage: Fault = answer(200, "<!DOCTYPE html><title>Sign in</title>", {
  "content-type": "text/html; charset=utf-8",
});

/** Passes the true answer on. */
export const relay: Fault = async ({ forward, response }) => {
  response.end(await sendHead(response, await forward()));
};

async function sendHead(response: ServerResponse, answered: Response): Promise<Uint8Array> {
  const body = new Uint8Array(await answered.arrayBuffer());
  response.writeHead(answered.status, {
    ...Object.fromEntries(answered.headers),
    "content-length": body.byteLength,
  });
  return body;
}
