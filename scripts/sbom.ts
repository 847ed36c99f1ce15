/**
 * Writes a software bill of materials in CycloneDX 1.6 on standard output: the npm packages of the server and of
 * its page, with their checksums of bun.lock.
 *
 *   bun scripts/sbom.ts [--dpkg FILE]    FILE is /var/lib/dpkg/status of the image: adds its Debian packages
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json";
import { listPackages } from "./packages";

type Component = {
  type: "library";
  "bom-ref": string;
  name: string;
  version: string;
  purl: string;
  hashes?: { alg: "SHA-512"; content: string }[];
  licenses?: ({ license: { name: string } } | { expression: string })[];
};

/** The npm packages, sorted by name. */
export async function listNpmComponents(): Promise<Component[]> {
  const checksums = await readChecksums();
  return (await listPackages()).map(({ name, version, licence }) => {
    const content = checksums.get(`${name}@${version}`);
    return {
      ...toComponent(name, version, `pkg:npm/${name.replace("@", "%40")}@${version}`),
      ...(content && { hashes: [{ alg: "SHA-512" as const, content }] }),
      licenses: [toLicence(licence)],
    };
  });
}

/** SHA-512 of the archives in bun.lock, as hex, by `name@version`. */
async function readChecksums(): Promise<Map<string, string>> {
  const text = await Bun.file(join(import.meta.dir, "../bun.lock")).text();
  const lock = Bun.JSONC.parse(text) as { packages: Record<string, [id: string, ...unknown[]]> };
  const checksums = new Map<string, string>();
  for (const [id, ...rest] of Object.values(lock.packages)) {
    const base64 = /^sha512-(.+)$/.exec(String(rest.at(-1)))?.[1];
    if (base64) checksums.set(id, Buffer.from(base64, "base64").toString("hex"));
  }
  return checksums;
}

/** The installed packages of a file /var/lib/dpkg/status. */
export function listDebianComponents(status: string): Component[] {
  return status
    .split("\n\n")
    .filter((entry) => /^Status: .* installed$/m.test(entry))
    .map((entry) => {
      const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(entry)?.[1] ?? "";
      const [name, version] = [field("Package"), field("Version")];
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${field("Architecture")}`;
      return toComponent(name, version, purl);
    });
}

const toComponent = (name: string, version: string, purl: string): Component => ({
  type: "library",
  "bom-ref": purl,
  name,
  version,
  purl,
});

/** An SPDX expression such as `MIT OR Apache-2.0`; other texts are names. */
const toLicence = (text: string) =>
  /^\(?[A-Z0-9][\w.+-]*( (OR|AND) [\w.+-]+)*\)?$/.test(text)
    ? { expression: text }
    : { license: { name: text } };

if (import.meta.main) {
  const { values } = parseArgs({ options: { dpkg: { type: "string" } } });
  const { name, version, license } = manifest;
  const debian = values.dpkg ? await Bun.file(values.dpkg).text() : "";
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": `pkg:generic/${name}@${version}`,
        name,
        version,
        licenses: [toLicence(license)],
      },
    },
    components: [...(await listNpmComponents()), ...listDebianComponents(debian)],
  };
  console.log(JSON.stringify(document, null, 2));
}
