import { connect, createServer, type Socket } from "node:net";

/**
 * A proxy in front of `url` that ends each exchange in which no byte passes for `idleMs`, as Fly.io's
 * proxy does after 60 s.
 */
export async function startIdleProxy(url: string, idleMs: number) {
  const upstream = Number(new URL(url).port);
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const origin = connect(upstream, "127.0.0.1");
    const end = () => [client, origin].forEach((socket) => void socket.destroy());
    for (const socket of [client, origin]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    client.setTimeout(idleMs, () => {
      cuts += 1;
      end();
    });
    client.pipe(origin).pipe(client);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
