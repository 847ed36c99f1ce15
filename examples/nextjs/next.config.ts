import type { NextConfig } from "next";

const config: NextConfig = {
  // The folder of this file, so that a lockfile in a folder above it is ignored.
  turbopack: { root: import.meta.dirname },
  outputFileTracingRoot: import.meta.dirname,
};

export default config;
