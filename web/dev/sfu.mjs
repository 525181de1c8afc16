/**
 * A real SFU, the built client and a browser, on loopback only, for the tries in this folder. Needs the built client
 * (`npm run build`) and LIVEKIT_SERVER, the path of livekit-server.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { chromium } from "playwright-core";
import { preview } from "vite";

export const folder = process.env.PICTURES ?? "pictures";
const server = process.env.LIVEKIT_SERVER;
assert(server, "LIVEKIT_SERVER: path of livekit-server expected");

const freePort = () =>
  new Promise((found, failed) => {
    const probe = createServer().once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });

/** Asks `look` until it answers something true; polls, because figures have no event. */
export async function until(what, look, seconds = 60, explain = async () => "") {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert(Date.now() < deadline, `not within ${seconds} s: ${what} ${Date.now() < deadline || (await explain())}`);
    await new Promise((again) => setTimeout(again, 250));
  }
}

export const [signal, tcp, udp] = [await freePort(), await freePort(), await freePort()];
export const key = `API${randomBytes(6).toString("hex")}`;
export const secret = randomBytes(32).toString("hex");
await mkdir(folder, { recursive: true });
await writeFile(
  `${folder}/livekit.yaml`,
  JSON.stringify({
    port: signal,
    bind_addresses: ["127.0.0.1"],
    rtc: {
      node_ip: "127.0.0.1",
      use_external_ip: false,
      tcp_port: tcp,
      udp_port: udp,
      stun_servers: ["127.0.0.1:3478"],
      interfaces: { includes: ["lo"] },
      enable_loopback_candidate: true,
    },
    keys: { [key]: secret },
    logging: { level: "error" },
  }),
  { mode: 0o600 },
);
const startSfu = () =>
  spawn(server, ["--config", `${folder}/livekit.yaml`], { stdio: ["ignore", "ignore", "inherit"] });
let sfu = startSfu();
export const breakSfu = () => sfu.kill("SIGKILL");
export const restartSfu = () => {
  sfu = startSfu();
};
Object.assign(process.env, {
  STANDIN_LIVEKIT_URL: `ws://127.0.0.1:${signal}`,
  STANDIN_LIVEKIT_KEY: key,
  STANDIN_LIVEKIT_SECRET: secret,
});
const site = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
export const origin = `http://127.0.0.1:${site.httpServer.address().port}`;
export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
  ],
});

export const ID = "A".repeat(22);
export const rightKey = randomBytes(32).toString("base64url");
export const said = [];

/** @param prepare what is done to the page before it opens the link */
export async function guest(name, meetingKey, { prepare, refused = false } = {}) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (message) => said.push(`${name}: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (problem) => said.push(`${name}: pageerror: ${problem.message}`));
  await prepare?.(page);
  await page.goto(`${origin}/m/${ID}#k=${meetingKey}`);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("PIN").fill("12345678");
  // Who is quicker than the device check joins without camera and microphone.
  await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2);
  await page.getByRole("button", { name: "Join meeting" }).click();
  if (refused) return page;
  await page
    .locator(".call")
    .waitFor()
    .catch(async () =>
      assert.fail(`${name} is not in the call, but here: ${await page.locator("main").textContent()}`),
    );
  return page;
}

export const figures = (page) => page.evaluate(() => window.conclaveCall.figures());

/** An ordinary client without encryption; the policy of our pages does not bind it. */
export async function plainClient(name) {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${origin}/ended`);
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("livekit-client") });
  await page.evaluate(
    async ([path, display_name]) => {
      const answer = await fetch(path, { method: "POST", body: JSON.stringify({ display_name, pin: "12345678" }) });
      const { url, token } = await answer.json();
      window.room = new globalThis.LivekitClient.Room();
      await window.room.connect(url, token);
    },
    [`/api/meetings/${ID}/join`, name],
  );
  return page;
}

export const answers = () =>
  until(
    "livekit-server answers",
    () =>
      fetch(`http://127.0.0.1:${signal}`).then(
        () => true,
        () => false,
      ),
    20,
  );

export async function close() {
  await browser.close();
  await site.close();
  breakSfu();
  process.stdout.write(`${said.join("\n")}\n`);
}
