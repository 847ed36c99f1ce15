/**
 * Writes the digests of the container images that the project names, because a tag can be moved:
 *
 *   bun scripts/pin-images.ts            asks the registries and edits Dockerfile and compose.yaml
 *   bun scripts/pin-images.ts --check    only compares; the exit code is 1 if a digest is missing or old
 *
 * It needs access to the registries, without an account.
 */
import { parseArgs } from "node:util";

const FILES = ["Dockerfile", ".devcontainer/Dockerfile", "compose.yaml"];
const DOCKER_HUB = "https://registry-1.docker.io";
const TIMEOUT_MS = 20_000;

/** An image with a version, in a FROM or an `image:` line. */
const REFERENCE =
  /^(FROM |\s+image: )((?:[\w.-]+\/)*[\w.-]+):([\w.-]+)(?:@(sha256:[0-9a-f]{64}))?/gm;

/** The index of all platforms, so that one digest serves all of them. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * The text with the current digest of each image, and the lines that changed.
 *
 * @param registry  the address of the registry of images without a host; default: Docker Hub
 * @throws Error when a registry does not answer or does not know an image
 */
export async function pinImages(
  text: string,
  registry = DOCKER_HUB,
): Promise<{ text: string; changed: string[] }> {
  const changed: string[] = [];
  let pinned = text;
  for (const [line, prefix, name, tag, digest] of text.matchAll(REFERENCE)) {
    const current = await readDigest(name!, tag!, registry);
    if (current === digest) continue;
    const wanted = `${prefix}${name}:${tag}@${current}`;
    pinned = pinned.replace(line, wanted);
    changed.push(wanted.trim());
  }
  return { text: pinned, changed };
}

async function readDigest(name: string, tag: string, hub: string): Promise<string> {
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && /[.:]/.test(first);
  const registry = hasHost ? `https://${first}` : hub;
  const path = hasHost ? rest.join("/") : rest.length > 0 ? name : `library/${name}`;
  const address = `${registry}/v2/${path}/manifests/${tag}`;
  const ask = (token?: string) =>
    fetch(address, {
      method: "HEAD",
      headers: { accept: ACCEPT, ...(token && { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  let response = await ask();
  if (response.status === 401) {
    response = await ask(await readToken(response.headers.get("www-authenticate") ?? ""));
  }
  const digest = response.headers.get("docker-content-digest") ?? "";
  if (!response.ok || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new Error(`${name}:${tag}: the registry answers ${response.status} without a digest`);
  }
  return digest;
}

/** Registries give everyone a token to read public images. */
async function readToken(challenge: string): Promise<string> {
  const part = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(challenge)?.[1] ?? "";
  const address = new URL(part("realm"));
  address.searchParams.set("service", part("service"));
  address.searchParams.set("scope", part("scope"));
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return ((await response.json()) as { token: string }).token;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: "boolean" } } });
  let isCurrent = true;
  for (const path of FILES) {
    const { text, changed } = await pinImages(await Bun.file(path).text());
    for (const line of changed) console.log(`${path}: ${line}`);
    if (changed.length === 0) continue;
    isCurrent = false;
    if (!values.check) await Bun.write(path, text);
  }
  if (isCurrent) console.log("All images have their current digest.");
  process.exitCode = values.check && !isCurrent ? 1 : 0;
}
