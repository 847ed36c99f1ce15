import { describe, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { z } from "zod";
import { AppError } from "../../../src/errors";
import { jsonBody } from "../../../src/routes/http/json-body";
import { problems } from "../../../src/routes/http/problems";
import { silentLog } from "../../support/factories";
import { get, postJson } from "../../support/http";

const app = new Elysia()
  .use(problems(silentLog, (path) => (path === "/echo" ? ["POST"] : [])))
  .post("/echo", ({ body }) => body, {
    parse: jsonBody,
    body: z.object({ name: z.string().max(9) }),
  })
  .get("/ours", () => {
    throw new AppError("storage_unavailable", { secret: "/var/lib" });
  })
  .get("/unforeseen", () => {
    throw new TypeError("password=hunter2");
  })
  .get("/away", () => {
    throw Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  })
  .get("/waiting", ({ query }) => {
    throw new AppError("provider_waiting", { retry_after_ms: Number(query.ms) });
  })
  .get("/full", () => {
    throw Object.assign(new Error("could not extend file"), { code: "53100" });
  })
  .get("/read-only", () => {
    throw Object.assign(new Error("/var/lib"), { code: "EROFS", syscall: "mkdtemp" });
  })
  .get("/left", () => AbortSignal.abort().throwIfAborted())
  .get("/wrong", () => ({ name: 7 }) as never, { response: z.object({ name: z.string() }) });

const ask = async (request: Request) => {
  const response = await app.handle(request);
  return { response, body: (await response.json()) as Record<string, unknown> };
};

describe("a failure", () => {
  test("is problem details with code, status and request id", async () => {
    const { response, body } = await ask(get("/nowhere", { "x-request-id": "mine-1" }));

    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("x-request-id")).toBe("mine-1");
    expect(body).toEqual({
      type: "/docs/errors#route_not_found",
      title: "This address does not exist",
      status: 404,
      code: "route_not_found",
      request_id: "mine-1",
      details: {},
    });
  });

  test("of a field names it, without repeating what was sent", async () => {
    const { response, body } = await ask(postJson("/echo", { name: "a secret that is too long" }));

    expect(response.status).toBe(422);
    expect(body).toMatchObject({
      code: "request_invalid",
      details: { fields: [{ path: "name" }] },
    });
    expect(JSON.stringify(body)).not.toContain("secret");
  });

  test("of a body with alternatives names what the meant one, or each of them, lacks", async () => {
    const One = z.strictObject({ index: z.int(), text: z.string() });
    const Other = z.strictObject({ find: z.string().min(1), text: z.string() });
    const app = new Elysia()
      .use(problems(silentLog, () => ["POST"]))
      .post("/", () => "", { body: z.union([One, Other]) });
    const fieldsOf = async (sent: unknown) => {
      const headers = { "content-type": "application/json" };
      const request = { method: "POST", headers, body: JSON.stringify(sent) };
      const response = await app.handle(new Request("http://localhost/", request));
      return ((await response.json()) as { details: { fields: unknown } }).details.fields;
    };

    expect(await fieldsOf({ find: "", text: "x" })).toEqual([
      { path: "find", message: "must not be empty" },
    ]);
    const named = { path: "index", message: "must be a number" };
    expect(await fieldsOf({ index: "x", text: "x", ["y".repeat(999)]: 1 })).toContainEqual(named);
    expect(JSON.stringify(await fieldsOf({ ["y".repeat(999)]: 1 })).length).toBeLessThan(999);
  });

  test("of a client that left is not one of ours", async () => {
    const { response, body } = await ask(get("/left"));

    expect(response.status).toBe(409);
    expect(body.code).toBe("cancelled");
  });

  test("on our side does not contain its cause", async () => {
    for (const [path, code] of [
      ["/ours", "storage_unavailable"],
      ["/unforeseen", "internal"],
      ["/wrong", "internal"],
    ]) {
      const { response, body } = await ask(get(path!));

      expect(response.status).toBeGreaterThanOrEqual(500);
      expect(body).toMatchObject({ code });
      expect(JSON.stringify(body)).not.toMatch(/hunter2|var\/lib|name/);
    }
  });

  test("of the database says when to come back", async () => {
    const { response, body } = await ask(get("/away"));

    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(body).toMatchObject({ code: "database_unavailable" });
  });

  test.each([
    [61_500, "62"],
    [1, "1"],
    [0, "5"],
    [Number.NaN, "5"],
    [1e12, "3600"],
  ])(
    "of a provider that answers again after %d ms says to come back after %s s",
    async (ms, seconds) => {
      const { response } = await ask(get(`/waiting?ms=${ms}`));

      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe(seconds);
    },
  );

  test.each([
    ["/full", "storage_full"],
    ["/read-only", "storage_unavailable"],
  ])("of a disk at %s is %s, and says when to come back", async (path, code) => {
    const { response, body } = await ask(get(path));

    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(body).toMatchObject({ code });
    expect(JSON.stringify(body)).not.toContain("/var/lib");
  });

  test("of the method names those that are answered", async () => {
    const { response, body } = await ask(get("/echo"));

    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(body).toMatchObject({ code: "method_not_allowed", details: { allowed: ["POST"] } });
  });
});

describe("a JSON body", () => {
  const send = (body: BodyInit, contentType = "application/json") =>
    ask(
      new Request("http://localhost/echo", {
        method: "POST",
        body,
        headers: { "content-type": contentType },
      }),
    );

  test.each([
    ["text of another type", "name=x", "text/plain", "content_type_invalid"],
    ["a form", "name=x", "application/x-www-form-urlencoded", "content_type_invalid"],
    ["half a document", '{"name":', "application/json", "body_malformed"],
    ["a NUL character", '{"name":"a\\u0000"}', "application/json", "request_invalid"],
    [
      "nesting without end",
      "[".repeat(9_999) + "]".repeat(9_999),
      "application/json",
      "request_invalid",
    ],
    [
      "more than anybody needs",
      `"${"x".repeat(17 * 1024 * 1024)}"`,
      "application/json",
      "body_too_large",
    ],
  ])("is refused when it is %s", async (_, text, type, code) => {
    const { body } = await send(text, type);

    expect(body).toMatchObject({ code });
  });

  test("is taken with a charset behind its type", async () => {
    const { response, body } = await send('{"name":"x"}', "application/json; charset=utf-8");

    expect(response.status).toBe(200);
    expect(body).toEqual({ name: "x" });
  });
});
