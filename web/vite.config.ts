import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { standIn } from "./dev/standin.ts";

export default defineConfig(({ command }) => ({
  plugins: [react(), ...(command === "serve" && !process.env["VITEST"] ? [standIn()] : [])],
  // Data URLs would need wider CSP sources than the files themselves.
  build: { target: "es2022", assetsInlineLimit: 0, sourcemap: false, chunkSizeWarningLimit: 900 },
  worker: { format: "es" },
  test: { environment: "node", include: ["tests/**/*.test.{ts,tsx}"], testTimeout: 60_000 },
}));
