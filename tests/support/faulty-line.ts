import { connect, createServer, type Socket } from "node:net";

/**
 * A fault of a network line, for the connections that are open and those that begin:
 * - `refuse`: new connections are reset
 * - `end`: new connections end without an answer
 * - `reset`: each connection is reset at its next byte to the server
 * - `cut_answers`: each connection ends in the middle of its next answer
 * - `swallow`: each byte disappears, and so do those of the same connections after the line is mended
 */
export type LineFault = "refuse" | "end" | "reset" | "cut_answers" | "swallow";

/** A line to a database that can have any of the faults of a network. */
export async function openFaultyLine(targetUrl: string) {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let fault: LineFault | undefined;
  let attempts = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    attempts += 1;
    keep(client);
    if (fault === "refuse") return void client.resetAndDestroy();
    if (fault === "end") return void client.resume().end();
    const upstream = connect({ host: target.hostname, port: Number(target.port || 5432) });
    let isDead = false;
    const end = () => {
      if (isDead) return;
      client.destroy();
      upstream.destroy();
    };
    keep(upstream);
    for (const socket of [client, upstream]) socket.on("close", end);
    client.on("data", (bytes) => {
      isDead ||= fault === "swallow";
      if (isDead) return;
      if (fault === "reset") {
        client.resetAndDestroy();
        upstream.destroy();
      } else upstream.write(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      isDead ||= fault === "swallow";
      if (isDead) return;
      if (fault === "cut_answers") {
        client.write(bytes.subarray(0, bytes.length >> 1), end);
      } else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(targetUrl);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" && address ? address.port : "");
  return {
    url: url.href,
    /** The connections that began. */
    attempts: () => attempts,
    break: (next: LineFault) => {
      fault = next;
    },
    mend: () => {
      fault = undefined;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
