import { afterAll, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { refuseSeveralMachines } from "../../../src/db/embedded/one-machine";

/** The text that the DNS server answers with; null: it does not know the name. */
let text: string | null = null;

/** A DNS server with one TXT record. */
const server = createSocket("udp4");
server.on("message", (query, { port, address }) => {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const bytes = Buffer.from(text ?? "");
  const record = Buffer.concat([
    // A pointer to the name, TXT, IN, 60 s, the length
    Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, bytes.length + 1, bytes.length]),
    bytes,
  ]);
  const flags = text === null ? [0x81, 0x83] : [0x81, 0x80];
  const counts = [0, 1, 0, text === null ? 0 : 1, 0, 0, 0, 0];
  const header = Buffer.concat([query.subarray(0, 2), Buffer.from([...flags, ...counts])]);
  server.send(Buffer.concat([header, question, ...(text === null ? [] : [record])]), port, address);
});
await new Promise<void>((bound) => server.bind(0, "127.0.0.1", () => bound()));
afterAll(() => server.close());

const start = (app: string | undefined) =>
  refuseSeveralMachines(app, [`127.0.0.1:${server.address().port}`]);

test("an app of several machines is refused, with their number and what to do", async () => {
  text = "148e2d1c fra,9080e6f1 fra";

  await expect(start("uni-lectern")).rejects.toMatchObject({
    errorCode: "config_invalid",
    details: {
      problems: { DATABASE_URL: [expect.stringContaining("uni-lectern has 2 machines")] },
    },
  });
});

test.each([
  ["one machine", "148e2d1c fra"],
  ["a name that DNS does not know", null],
])("%s starts", async (_, answer) => {
  text = answer;

  expect(await start("uni-lectern")).toBeUndefined();
});

test("outside Fly.io nothing is asked", async () => {
  text = "a fra,b fra";

  expect(await start(undefined)).toBeUndefined();
});
