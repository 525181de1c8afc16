import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Addresses that are names, not places: nothing ever asks them for anything. */
const NAMES = [
  "http://www.w3.org/", // XML namespaces
  "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension", // RTP header extension
  "http://www.webrtc.org/experiments/rtp-hdrext/", // RTP header extensions
  "https://react.dev/errors/", // text of React's error messages
  "https://react.dev/link/",
  "https://reactrouter.com/", // text of warnings
  "https://emscripten.org/docs/", // text of errors of the noise filter's worklet
  "https://rolldown.rs/",
  "https://cloud-api.livekit.io", // default of a token source this client does not use; the policy forbids it anyway
];

let folder: string;
let files: Map<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "conclave-web-"));
  // Vitest says "test", with which React's development build would be bundled.
  process.env["NODE_ENV"] = "production";
  await build({ build: { outDir: folder, emptyOutDir: true }, logLevel: "error" });
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  files = new Map();
  for (const entry of names.filter((found) => found.isFile()))
    files.set(entry.name, await readFile(join(entry.parentPath, entry.name), "utf8"));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

describe("the built client", () => {
  it("names no other origin", () => {
    const foreign = [...files].flatMap(([name, text]) =>
      [...text.matchAll(/\b(?:https?|wss?):\/\/[\w.-]+\.\w{2,}[^\s"'`)\\]*/g)]
        .map(([address]) => address)
        .filter((address) => !NAMES.some((known) => address.startsWith(known)))
        .map((address) => `${name}: ${address}`),
    );
    expect(foreign).toEqual([]);
  });

  it("names no STUN or TURN server", () => {
    for (const text of files.values()) expect(text).not.toMatch(/["'`](?:stun|turns?):[\w.-]+\.\w{2,}/);
  });

  it("does not print messages of a meeting to the console", () => {
    for (const text of files.values()) expect(text).not.toContain("encrypted payload");
  });

  it("works under its policy: no inline script, no inline style, no data in place of files", () => {
    const page = files.get("index.html") ?? "";
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
    for (const [name, text] of files) if (name.endsWith(".css")) expect(text).not.toMatch(/url\(|@import/);
  });

  it("leaves the stand-in of the portal behind", () => {
    for (const text of files.values()) expect(text).not.toContain("standin");
  });

  it("brings the noise filter along as files of its own, which no page asks for before somebody wants it", () => {
    const heavy = [...files.keys()].filter((name) => /\.wasm$|^workletProcessor/.test(name));
    expect(heavy).toHaveLength(3);
    const page = files.get("index.html") ?? "";
    const asked = [...files.keys()].filter((name) => name.endsWith(".js") && page.includes(name));
    expect(asked).not.toHaveLength(0);
    for (const name of heavy) for (const script of asked) expect(files.get(script)).not.toContain(name);
  });

  it("registers no service worker and asks for no manifest", () => {
    for (const text of files.values()) expect(text).not.toMatch(/serviceWorker\.register|rel="manifest"/);
  });
});

describe("the policy", () => {
  it("allows what the client needs and nothing inline", async () => {
    const policy = await readFile(new URL("../csp.txt", import.meta.url), "utf8");
    expect(policy.trim().split("\n")).toHaveLength(1);
    expect(policy).toContain("default-src 'none'");
    // WebAssembly of this site's own, for the noise filter; see docs/decisions.
    expect(policy.replace("'wasm-unsafe-eval'", "")).not.toMatch(/unsafe|\*|http:/);
  });
});
