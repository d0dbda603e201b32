import { defineConfig } from "vitest/config";

// Django serves the built files: index.html for every page, the rest under /static/.
export default defineConfig({
  base: "/static/",
  build: { outDir: "dist", target: "es2022" },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
