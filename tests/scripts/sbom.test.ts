import { expect, test } from "bun:test";
import manifest from "../../package.json";

const STATUS = `Package: ffmpeg
Status: install ok installed
Architecture: amd64
Version: 7:7.1.2-0+deb13u1

Package: libllvm19
Status: deinstall ok config-files
Architecture: amd64
Version: 1:19.1.7-3
`;

const path = `${process.env.TMPDIR ?? "/tmp"}/lectern-dpkg-status-${process.pid}`;
await Bun.write(path, STATUS);
const run = Bun.spawnSync([process.execPath, "scripts/sbom.ts", "--dpkg", path]);
await Bun.file(path).delete();
const document = JSON.parse(run.stdout.toString());
const purls: string[] = document.components.map(({ purl }: { purl: string }) => purl);

test("the bill of materials has every dependency with its version, checksum and licence", () => {
  expect(document).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    const found = document.components.find(
      (one: { name: string; version: string }) => one.name === name && one.version === version,
    );
    expect(found.hashes[0].content, name).toMatch(/^[0-9a-f]{128}$/);
    expect(found.licenses, name).toHaveLength(1);
  }
});

test("it has no tool of the developers, and each package once", () => {
  const tools = ["@biomejs/biome", "playwright-core", "openapi-typescript"];

  expect(
    purls.filter((purl) => tools.some((tool) => decodeURIComponent(purl).includes(`/${tool}@`))),
  ).toEqual([]);
  expect(new Set(purls).size).toBe(purls.length);
});

test("it has the installed Debian packages of an image, and not the removed ones", () => {
  expect(purls.filter((purl) => purl.startsWith("pkg:deb/"))).toEqual([
    "pkg:deb/debian/ffmpeg@7%3A7.1.2-0%2Bdeb13u1?arch=amd64",
  ]);
});
