/** Preloaded before the server: replaces the fast path for text by the plain AI SDK provider. */
Bun.plugin({
  name: "without-fast-path",
  setup(build) {
    build.onLoad({ filter: /providers\/chat\/text-delta-fast-path\.ts$/ }, () => ({
      contents: "export const streamWithFastPath = () => undefined;",
      loader: "js",
    }));
  },
});
