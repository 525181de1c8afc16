/**
 * Holds a call between browsers over a real SFU and checks what each of them sees: `npm run try:call`.
 * Needs the built client (`npm run build`) and LIVEKIT_SERVER, the path of livekit-server. Loopback only.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { chromium } from "playwright-core";
import { preview } from "vite";

const folder = process.env.PICTURES ?? "pictures";
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
async function until(what, look, seconds = 60, explain = async () => "") {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert(Date.now() < deadline, `not within ${seconds} s: ${what} ${Date.now() < deadline || (await explain())}`);
    await new Promise((again) => setTimeout(again, 250));
  }
}

const [signal, tcp, udp] = [await freePort(), await freePort(), await freePort()];
const key = `API${randomBytes(6).toString("hex")}`;
const secret = randomBytes(32).toString("hex");
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
const sfu = spawn(server, ["--config", `${folder}/livekit.yaml`], { stdio: ["ignore", "ignore", "inherit"] });
Object.assign(process.env, {
  STANDIN_LIVEKIT_URL: `ws://127.0.0.1:${signal}`,
  STANDIN_LIVEKIT_KEY: key,
  STANDIN_LIVEKIT_SECRET: secret,
});
const site = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
const origin = `http://127.0.0.1:${site.httpServer.address().port}`;
const browser = await chromium.launch({
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

const ID = "A".repeat(22);
const rightKey = randomBytes(32).toString("base64url");
const wrongKey = randomBytes(32).toString("base64url");
const said = [];

async function guest(name, meetingKey) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (message) => said.push(`${name}: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (problem) => said.push(`${name}: pageerror: ${problem.message}`));
  await page.goto(`${origin}/m/${ID}#k=${meetingKey}`);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("PIN").fill("12345678");
  await page.getByRole("button", { name: "Join meeting" }).click();
  await page.locator(".call").waitFor();
  return page;
}
const figures = (page) => page.evaluate(() => window.conclaveCall.figures());
const decodes = async (page) => {
  const { tracks } = await figures(page);
  return tracks.some((track) => track.kind === "video" && track.framesDecoded > 15) &&
    tracks.some((track) => track.kind === "audio" && track.encryption === "encrypted" && track.audioEnergy > 0.0001)
    ? tracks
    : undefined;
};

try {
  await until(
    "livekit-server answers",
    () =>
      fetch(`http://127.0.0.1:${signal}`).then(
        () => true,
        () => false,
      ),
    20,
  );
  const one = await guest("Gast Eins", rightKey);
  assert.equal(new URL(one.url()).hash, "", "the key stays in the address bar");
  await one.screenshot({ path: `${folder}/live-alone.png` });
  const two = await guest("Gast Zwei", rightKey);
  await until(
    "one decodes two",
    () => decodes(one),
    60,
    async () => JSON.stringify(await figures(one)),
  );
  await until(
    "two decodes one",
    () => decodes(two),
    60,
    async () => JSON.stringify(await figures(two)),
  );
  await one.getByText("End-to-end encrypted").waitFor();
  await one.screenshot({ path: `${folder}/live-two.png` });
  process.stdout.write(`${JSON.stringify(await figures(one), null, 1)}\n`);

  const stranger = await guest("Gast Drei", wrongKey);
  await stranger.getByText("This link's key does not fit").waitFor();
  await stranger.screenshot({ path: `${folder}/live-wrong-key.png` });
  const strange = await figures(stranger);
  process.stdout.write(`${JSON.stringify(strange.tracks)}\n`);
  assert(strange.tracks.every((track) => track.framesDecoded === 0 && track.samplesDecoded === 0));
  await until("one says whose key differs", async () =>
    (await figures(one)).people.some((person) => person.encryption === "keyDiffers"),
  );
  await one.screenshot({ path: `${folder}/live-one-differs.png` });
  await stranger.getByRole("button", { name: "Leave", exact: true }).first().click();
  await stranger.getByText("You have left the meeting").waitFor();
  assert.equal(new URL(stranger.url()).pathname, "/ended");
  assert.equal(await stranger.evaluate(() => sessionStorage.length), 0, "a key was left behind");
  assert.equal(await stranger.evaluate(() => typeof window.conclaveCall), "undefined");

  // Somebody with an ordinary client and no encryption; the policy of our pages does not bind him.
  const plain = await browser.newContext({ bypassCSP: true });
  const clear = await plain.newPage();
  await clear.goto(`${origin}/favicon.svg`);
  await clear.goto(`${origin}/ended`);
  await clear.addScriptTag({ path: createRequire(import.meta.url).resolve("livekit-client") });
  await clear.evaluate(async (path) => {
    const answer = await fetch(path, {
      method: "POST",
      body: JSON.stringify({ display_name: "Gast Klartext", pin: "12345678" }),
    });
    const { url, token } = await answer.json();
    const room = new globalThis.LivekitClient.Room();
    await room.connect(url, token);
    await room.localParticipant.enableCameraAndMicrophone();
    await room.localParticipant.publishData(new TextEncoder().encode("in clear"), { reliable: true });
  }, `/api/meetings/${ID}/join`);
  await one.getByText("Unencrypted media refused").waitFor();
  const refused = await until("both tracks are refused", async () => {
    const seen = await figures(one);
    return seen.refused.length === 2 && seen;
  });
  assert(refused.tracks.every((track) => track.encryption !== "refused"));
  await one.screenshot({ path: `${folder}/live-blocked.png` });
  await two.close();
  await until("one sees two go", async () => (await figures(one)).people.length === 2);
  await one.reload();
  await one.locator("h1").waitFor();
  await one.screenshot({ path: `${folder}/live-reload.png` });
  await one.getByRole("button", { name: "Join meeting" }).waitFor();
  process.stdout.write(
    "two see and hear each other, a wrong key sees nothing, clear media is refused, a reload keeps the key\n",
  );
} finally {
  await browser.close();
  await site.close();
  sfu.kill("SIGKILL");
  process.stdout.write(`${said.join("\n")}\n`);
}
const leaks = said.filter((line) => [rightKey, wrongKey, "12345678", secret].some((word) => line.includes(word)));
assert.deepEqual(leaks, [], "a secret reached the console");
assert(!said.some((line) => line.includes("Content Security Policy")), "the policy was violated");
