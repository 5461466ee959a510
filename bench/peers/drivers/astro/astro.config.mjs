import { defineConfig } from "astro/config";

// Astro and Vite keep their caches below node_modules, which all sites of the bench share: here each has its own.
export default defineConfig({
  cacheDir: "./cache",
  outDir: process.env.OUT,
  vite: { cacheDir: "./cache/vite" },
  image: { remotePatterns: [{ protocol: "https", hostname: "**.amazonaws.com" }] },
});
