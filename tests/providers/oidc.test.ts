import { describe, expect, test } from "bun:test";
import { SignJWT, UnsecuredJWT } from "jose";
import type { AppError } from "../../src/errors";
import { type OidcSettings, openOidc } from "../../src/providers/oidc";
import { startOidc } from "../support/oidc";

const COURSE = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

const settings = (issuer: string, more: Partial<OidcSettings> = {}): OidcSettings => ({
  issuer,
  audience: "lectern",
  scopesClaim: "scope",
  scopesMap: new Map(),
  coursesClaim: undefined,
  userClaim: "sub",
  keysCooldownMs: 0,
  ...more,
});

describe("a token of the issuer", () => {
  test("gives its user, scopes and expiry, and is verified once", async () => {
    await using oidc = await startOidc();
    const { verify } = openOidc(settings(`${oidc.issuer}/`));
    const token = await oidc.token({
      scope: "openid read chat",
      email: "ann@uni.example",
      name: "Ann",
    });
    const identity = await verify(token);
    oidc.setDown(true);

    expect(identity).toMatchObject({
      issuer: oidc.issuer,
      subject: "student-1",
      email: "ann@uni.example",
      display_name: "Ann",
      scopes: ["read", "chat"],
      course_ids: null,
    });
    expect(await verify(token)).toEqual(identity);
    expect(oidc.requests).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  test("has its roles in a nested claim mapped to scopes", async () => {
    await using oidc = await startOidc();
    const scopesMap = new Map([
      ["lecturer", ["read", "ingest"] as const],
      ["*", ["chat"] as const],
    ]);
    const { verify } = openOidc(
      settings(oidc.issuer, { scopesClaim: "realm_access.roles", scopesMap }),
    );
    const lecturer = await oidc.token({ realm_access: { roles: ["lecturer", "admin"] } });

    // A role that is called like a scope gives nothing, because there is a map.
    expect((await verify(lecturer)).scopes).toEqual(["read", "ingest", "chat"]);
    expect((await verify(await oidc.token())).scopes).toEqual(["chat"]);
  });

  test("limits its user to the courses of its claim; administrators have none", async () => {
    await using oidc = await startOidc();
    const { verify } = openOidc(
      settings(oidc.issuer, { coursesClaim: "https://uni.example/courses" }),
    );
    const courses = (claim: unknown, scope = "read") =>
      oidc
        .token({ scope, "https://uni.example/courses": claim })
        .then(verify)
        .then(({ course_ids }) => course_ids);

    expect(await courses([COURSE.toUpperCase(), "not an id", 7])).toEqual([COURSE]);
    expect(await courses(COURSE)).toEqual([COURSE]);
    expect(await courses(undefined)).toEqual([]);
    expect(await courses([], "admin")).toBeNull();
  });

  test("is accepted after the issuer rotated its keys", async () => {
    await using oidc = await startOidc();
    const { verify } = openOidc(settings(oidc.issuer));
    await verify(await oidc.token());
    await oidc.rotate();

    expect(await verify(await oidc.token({ sub: "two" }))).toMatchObject({ subject: "two" });
  });
});

describe("a token is refused", () => {
  const now = Math.floor(Date.now() / 1_000);

  test.each([
    ["for another service", { aud: "other" }],
    ["of another issuer", { iss: "https://evil.example" }],
    ["that has expired", { exp: now - 60 }],
    ["that is not valid yet", { nbf: now + 3_600 }],
    ["without an expiry", { exp: undefined }],
    ["without a user", { sub: undefined }],
    ["of a user without a name", { sub: "" }],
    ["of a user whose name is too long to be kept whole", { sub: "x".repeat(321) }],
    ["of a user whose name cannot be stored", { sub: "ann\u0000" }],
    ["of a user whose name is cut inside a character", { sub: "ann\ud83e" }],
  ])("%s", async (_, claims) => {
    await using oidc = await startOidc();
    const { verify } = openOidc(settings(oidc.issuer));

    await expect(verify(await oidc.token(claims))).rejects.toMatchObject({
      errorCode: "unauthenticated",
    });
  });

  test("that has expired with that reason, but only if its signature is right", async () => {
    await using oidc = await startOidc();
    const { verify } = openOidc(settings(oidc.issuer));
    const foreign = await oidc.foreignKey();
    const kid = JSON.parse(Buffer.from((await oidc.token()).split(".")[0]!, "base64url").toString())
      .kid as string;
    const detailsOf = async (token: string) => {
      const error = (await verify(token).catch((thrown) => thrown)) as AppError;
      return error.details;
    };

    expect(await detailsOf(await oidc.token({ exp: now - 60 }))).toMatchObject({ expired: true });
    const forged = await oidc.token({ exp: now - 60 }, { key: foreign, kid });
    expect(await detailsOf(forged)).not.toHaveProperty("expired");
  });

  test("whose header names other keys than those of the issuer", async () => {
    await using oidc = await startOidc();
    const { verify } = openOidc(settings(oidc.issuer));
    const asked: string[] = [];
    await using evil = Bun.serve({
      port: 0,
      fetch: (request) => {
        asked.push(request.url);
        return new Response("", { status: 404 });
      },
    });
    const { privateKey, jwk, alg, kid } = await oidc.foreignKey();
    const url = `http://127.0.0.1:${evil.port}/keys`;
    const claims = { iss: oidc.issuer, aud: "lectern", sub: "x", exp: now + 600 };
    for (const header of [
      { jwk },
      { jku: url },
      { x5u: url },
      { kid: "../../keys" },
      { kid: "' or 1=1" },
    ]) {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg, kid, ...header } as never)
        .sign(privateKey);
      await expect(verify(token)).rejects.toMatchObject({ errorCode: "unauthenticated" });
    }
    expect(asked).toEqual([]);
  });

  test("with another signature, without one, or with a shared secret", async () => {
    await using oidc = await startOidc();
    const { verify } = openOidc(settings(oidc.issuer));
    const good = await oidc.token();
    const claims = { iss: oidc.issuer, aud: "lectern", sub: "x", exp: now + 600 };
    const foreign = await oidc.foreignKey();
    const kid = JSON.parse(Buffer.from(good.split(".")[0]!, "base64url").toString()).kid as string;
    const [head, body] = good.split(".");

    const forged = [
      await oidc.token({}, { key: foreign }),
      await oidc.token({}, { key: foreign, kid }),
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256", kid })
        .sign(new TextEncoder().encode("a secret of at least 32 characters")),
      `${head}.${body}.`,
      "a.b.c",
      `${good}${"x".repeat(20_000)}`,
    ];
    for (const token of forged) {
      await expect(verify(token)).rejects.toMatchObject({ errorCode: "unauthenticated" });
    }
    await verify(good);
  });
});

test("an issuer that is down is an outage and not a bad token, until it is back", async () => {
  await using oidc = await startOidc();
  const { verify } = openOidc(settings(oidc.issuer));
  const token = await oidc.token();
  oidc.setDown(true);
  await expect(verify(token)).rejects.toMatchObject({ errorCode: "identity_provider_unavailable" });
  oidc.setDown(false);

  expect(await verify(token)).toMatchObject({ subject: "student-1" });
});

test("an issuer with another name is refused", async () => {
  await using oidc = await startOidc();
  const { verify } = openOidc(settings(oidc.issuer.replace("127.0.0.1", "localhost")));

  await expect(verify(await oidc.token())).rejects.toMatchObject({
    errorCode: "identity_provider_unavailable",
  });
});
