import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Trusting a certificate takes an environment variable, and so a process of its own. */
const ASK = `
  import { openGuardedFetch } from "./src/media/fetch/guarded-fetch";
  const [host] = process.argv.slice(-1);
  const fetch = openGuardedFetch({ allowedHosts: [host], resolve: async () => ["127.0.0.1"] });
  const limits = { maxBytes: 100, timeoutMs: 60_000, stallMs: 60_000, signal: new AbortController().signal };
  try {
    console.log(await (await fetch("https://" + host + "/", { reach: "listed", ...limits })).text());
  } catch (error) {
    console.log(error.errorCode, error.details.cause);
  }
`;

test.skipIf(!Bun.which("openssl"))(
  "verifies the certificate for the name, though it connects to an address",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "guarded-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const names = "subjectAltName=DNS:media.test";
    await Bun.$`openssl req -x509 -newkey rsa:2048 -nodes -keyout ${key} -out ${cert} -days 1 -subj /CN=test -addext ${names}`.quiet();
    const tls = { key: Bun.file(key), cert: Bun.file(cert) };
    const server = Bun.serve({ port: 0, tls, fetch: () => new Response("over TLS") });
    const ask = async (name: string) => {
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: cert };
      const args = ["-e", ASK, `${name}:${server.port}`];
      return (await Bun.$`${process.execPath} ${args}`.env(env).text()).trim();
    };

    expect(await ask("media.test")).toBe("over TLS");
    expect(await ask("other.test")).toBe("provider_unavailable ERR_TLS_CERT_ALTNAME_INVALID");

    server.stop(true);
    rmSync(folder, { recursive: true });
  },
);
