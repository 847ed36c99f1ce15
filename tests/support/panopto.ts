import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { panoptoSite, type SiteSession } from "../../examples/panopto-site";
import { type Fault, relay } from "./panopto/faults";
import { openTestLogin } from "./panopto/login";
import { SAMPLE_SECONDS, sampleMedia } from "./panopto/media";

export type SeenRequest = { path: string; cookie?: string; range?: string };

export type TestSite = {
  origin: string;
  /** As it stands in `PANOPTO_ALLOWED_HOSTS`. */
  host: string;
  seen: SeenRequest[];
  /** How often an address with this text in it was asked for. */
  hits(part: string): number;
  /** Adds a session over `sampleMedia` and answers the address of its viewer. */
  addSession(session: Partial<SiteSession>): string;
  /** Spoils the next `times` answers at addresses with this text in them. */
  fault(part: string, fault: Fault, times?: number): void;
  /** Lets only signed-in users in; a cookie of this value, or an API client's. */
  requireLogin(cookie: string): void;
  /** No cookie handed out so far is valid any more. */
  expireLogins(): void;
  close(): void;
};

/** The sample site with a front that counts, asks for logins and fails on demand. */
export async function openTestSite(): Promise<TestSite> {
  const folder = await sampleMedia();
  const sessions: SiteSession[] = [];
  const inner = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: panoptoSite(sessions) });
  const login = openTestLogin();
  const seen: SeenRequest[] = [];
  const faults: { part: string; fault: Fault; left: number }[] = [];

  const front = createServer(async (incoming, response) => {
    const path = incoming.url!;
    const { cookie, range } = incoming.headers;
    seen.push({ path, cookie, range });
    const body = await readBody(incoming);
    const url = new URL(path, origin);
    const forward = () => fetch(new URL(path, inner.url), toInit(incoming, body));

    const planned = faults.find(({ part, left }) => left > 0 && path.includes(part));
    if (planned) planned.left--;
    const fault = planned?.fault ?? login.faultFor(incoming, body) ?? relay;
    try {
      await fault({ url, forward, response });
    } catch {
      response.destroy(); // the site was closed during a request
    }
  });
  await new Promise<void>((listening) => front.listen(0, "127.0.0.1", listening));
  const host = `127.0.0.1:${(front.address() as AddressInfo).port}`;
  const origin = `http://${host}`;

  return {
    origin,
    host,
    seen,
    hits: (part) => seen.filter(({ path }) => path.includes(part)).length,
    addSession: (session) => {
      const session_id = crypto.randomUUID();
      sessions.push({ ...blankSession(folder), session_id, ...session });
      return `${origin}/Panopto/Pages/Viewer.aspx?id=${session_id}`;
    },
    fault: (part, fault, times = Number.POSITIVE_INFINITY) =>
      void faults.unshift({ part, fault, left: times }),
    requireLogin: login.require,
    expireLogins: login.expire,
    close: () => {
      front.closeAllConnections();
      front.close();
      inner.stop(true);
    },
  };
}

/** A server that must not get a request: `hits` must stay 0. */
export function openCanary() {
  const canary = { hits: 0, origin: "", close: () => server.stop(true) };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => {
      canary.hits++;
      return new Response("private");
    },
  });
  canary.origin = server.url.origin;
  return canary;
}

const blankSession = (folder: string): Omit<SiteSession, "session_id"> => ({
  folder,
  title: "Entropy, lecture 1",
  duration_seconds: SAMPLE_SECONDS,
  streams: [],
  captions: {},
  slides: [],
  live: false,
});

async function readBody(incoming: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync(incoming)).toString("utf8");
}

function toInit(incoming: IncomingMessage, body: string): RequestInit {
  const headers = incoming.headers as Record<string, string>;
  return { method: incoming.method, headers, ...(body && { body }), redirect: "manual" };
}
