import { connect, createServer, type Socket } from "node:net";

/**
 * A line to a server or database that can be cut, as by a network: open connections end, and new ones are
 * refused until it is mended.
 */
export async function openNetworkLine(targetUrl: string) {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  const clients = new WeakSet<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    clients.add(client);
    const upstream = connect({ host: target.hostname, port: Number(target.port || 5432) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(targetUrl);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" && address ? address.port : "");
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      endAll();
    },
    mend: () => {
      isCut = false;
    },
    /** Open connections get nothing more and do not end until they send, as after a change of networks. New ones work. */
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe().pause();
        // A new request on an idle connection is refused; a request in progress only waits.
        if (clients.has(socket)) socket.on("data", () => socket.destroy()).resume();
      }
    },
    async [Symbol.asyncDispose]() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
