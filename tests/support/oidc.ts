import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

type SigningKey = { kid: string; alg: string; privateKey: CryptoKey; jwk: object };

/** An OpenID Connect issuer: discovery, public keys, and tokens signed with its newest key. */
export async function startOidc() {
  let keys = [await createKey("RS256")];
  let isDown = false;
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      const { pathname } = new URL(request.url);
      requests.push(pathname);
      if (isDown) return new Response("down", { status: 500 });
      if (pathname === "/.well-known/openid-configuration") {
        return Response.json({ issuer, jwks_uri: `${issuer}/keys` });
      }
      if (pathname === "/keys") return Response.json({ keys: keys.map(({ jwk }) => jwk) });
      return new Response("not found", { status: 404 });
    },
  });
  const issuer: string = `http://127.0.0.1:${server.port}`;
  return {
    issuer,
    requests,
    /** A token for one hour, unless the claims say otherwise. */
    token: async (claims: JWTPayload = {}, signing: { key?: SigningKey; kid?: string } = {}) => {
      const { key = keys.at(-1)! } = signing;
      const { kid = key.kid } = signing;
      const now = Math.floor(Date.now() / 1_000);
      const standard = {
        iss: issuer,
        aud: "lectern",
        sub: "student-1",
        iat: now,
        exp: now + 3_600,
      };
      return new SignJWT({ ...standard, ...claims })
        .setProtectedHeader({ alg: key.alg, kid })
        .sign(key.privateKey);
    },
    /** Replaces the keys, as issuers do regularly. */
    rotate: async (alg = "ES256") => {
      keys = [await createKey(alg)];
    },
    /** A key that the issuer does not publish. */
    foreignKey: () => createKey("RS256"),
    setDown: (down: boolean) => {
      isDown = down;
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

async function createKey(alg: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const kid = crypto.randomUUID();
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}
