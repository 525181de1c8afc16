/**
 * Takes a picture of every screen and asks axe about each: `npm run pictures [-- word ...]`.
 * Pictures go to $PICTURES (default: ./pictures, ignored by git); words choose scenes by how their name begins,
 * @words choose a variant (@phone-light-en).
 */
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const folder = process.env.PICTURES ?? "pictures";
const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const [wanted, wantedVariants] = process.argv
  .slice(2)
  .reduce(
    ([names, kinds], word) => (word.startsWith("@") ? [names, [...kinds, word.slice(1)]] : [[...names, word], kinds]),
    [[], []],
  );
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const VERDICT = ".verdict:is(.good, .warn)";
const ID = "A".repeat(22);
const KEY = `${"k".repeat(42)}A`;
const variants = [
  { name: "desktop-light-de", width: 1280, height: 800, theme: "light", language: "de" },
  { name: "desktop-dark-en", width: 1280, height: 800, theme: "dark", language: "en" },
  { name: "phone-light-en", width: 390, height: 844, theme: "light", language: "en" },
  { name: "phone-dark-de", width: 390, height: 844, theme: "dark", language: "de" },
].filter(({ name }) => wantedVariants.length === 0 || wantedVariants.includes(name));

const button = (page, de, en) => page.getByRole("button", { name: new RegExp(`^(${de}|${en})`) });
const signedIn = { standin: "organiser" };
const own = { [`conclave.key.${ID}`]: KEY };

const scenes = [
  { name: "sign-in", path: "/" },
  { name: "sign-in-isolated", path: "/", cookies: { scene: "isolated" } },
  { name: "sign-in-failed", path: "/?error=second_factor_missing" },
  { name: "mode-rehearsal", path: "/", cookies: { ...signedIn, scene: "rehearsal" }, storage: own },
  { name: "mode-unknown", path: "/", cookies: { ...signedIn, scene: "unknown" }, storage: own },
  { name: "meetings", path: "/", cookies: signedIn, storage: own },
  { name: "meetings-empty", path: "/", cookies: { ...signedIn, scene: "empty" } },
  { name: "meetings-error", path: "/", cookies: { ...signedIn, scene: "broken" }, wait: "[role=alert]" },
  { name: "menu", path: "/", cookies: signedIn, act: (page) => button(page, "Deutsch", "English").click() },
  { name: "plan", path: "/plan", cookies: signedIn },
  {
    name: "plan-wrong",
    path: "/plan",
    cookies: signedIn,
    act: (page) => button(page, "Besprechung planen", "Plan meeting").click(),
  },
  {
    name: "plan-calendar",
    path: "/plan",
    cookies: signedIn,
    act: (page) => page.locator(".date-group button").click(),
  },
  { name: "meeting", path: `/meetings/${ID}`, cookies: signedIn, storage: own },
  {
    name: "meeting-pin",
    path: `/meetings/${ID}`,
    cookies: signedIn,
    storage: own,
    act: async (page) => {
      await button(page, "PIN anzeigen", "Show PIN").click();
      await page.locator("output.pin-digits").waitFor();
    },
  },
  { name: "meeting-nokey", path: `/meetings/${ID}`, cookies: signedIn },
  {
    name: "meeting-delete",
    path: `/meetings/${ID}`,
    cookies: signedIn,
    storage: own,
    act: (page) => button(page, "Besprechung löschen", "Delete meeting").click(),
  },
  { name: "join-guest", path: `/m/${ID}#k=${KEY}`, wait: VERDICT, media: true },
  {
    name: "join-guest-wrong",
    path: `/m/${ID}#k=${KEY}`,
    wait: VERDICT,
    media: true,
    act: async (page) => {
      await page.getByLabel(/Ihr Name|Your name/).fill("Gast Eins");
      await page.getByLabel("PIN").fill("00000000");
      await button(page, "Teilnehmen", "Join meeting").click();
      await page.locator("[role=alert]").waitFor();
    },
  },
  {
    name: "join-member",
    path: `/m/${ID}`,
    cookies: signedIn,
    storage: own,
    wait: VERDICT,
    media: true,
    open: "details",
  },
  { name: "join-denied", path: `/m/${ID}#k=${KEY}`, wait: ".notice.warn", media: false },
  ...["waiting", "denied"].map((scene) => ({
    name: `lobby-${scene}`,
    path: `/m/${ID}#k=${KEY}`,
    cookies: { scene },
    wait: VERDICT,
    media: true,
    act: async (page) => {
      await page.getByLabel(/Ihr Name|Your name/).fill("Gast Eins");
      await page.getByLabel("PIN").fill("12345678");
      await button(page, "Teilnehmen", "Join meeting").click();
      await page.locator(scene === "denied" ? ".statement" : ".lobby").waitFor();
    },
  })),
  { name: "meeting-change", path: `/meetings/${ID}/change`, cookies: signedIn, storage: own },
  { name: "error-nokey", path: `/m/${ID}` },
  { name: "error-badkey", path: `/m/${ID}#k=abc` },
  { name: "error-over", path: `/m/${ID}#k=${KEY}`, cookies: { scene: "over" } },
  {
    name: "error-full",
    path: `/m/${ID}`,
    cookies: { ...signedIn, scene: "full" },
    storage: own,
    media: true,
    wait: VERDICT,
    act: async (page) => {
      await button(page, "Teilnehmen", "Join meeting").click();
      await page.locator(".statement").waitFor();
    },
  },
  ...["cut", "unknown"].map((scene) => ({
    name: `error-${scene}`,
    path: `/m/${ID}`,
    cookies: { ...signedIn, scene },
    storage: own,
    media: true,
    wait: VERDICT,
    act: async (page) => {
      await button(page, "Teilnehmen", "Join meeting").click();
      await page.locator(".statement").waitFor();
    },
  })),
  {
    name: "error-network",
    path: `/m/${ID}`,
    cookies: signedIn,
    storage: own,
    media: true,
    wait: VERDICT,
    act: async (page) => {
      await button(page, "Teilnehmen", "Join meeting").click();
      await page.locator(".statement").waitFor({ timeout: 60_000 });
    },
  },
  {
    name: "error-browser",
    path: `/m/${ID}#k=${KEY}`,
    init: () => {
      delete window.RTCRtpScriptTransform;
      delete RTCRtpSender.prototype.createEncodedStreams;
    },
  },
  { name: "check", path: "/check", wait: ".check-verdict" },
  ...["good", "unstable", "relayed", "tcp", "tls", "nothing", "signalling", "site", "busy"].map((scene) => ({
    name: `check-${scene}`,
    path: `/dev/gallery/index.html?scene=check-${scene}`,
    wait: ".check-verdict",
  })),
  { name: "missing", path: "/nowhere" },
  { name: "ended", path: "/ended", cookies: signedIn },
  ...[
    "alone",
    "two",
    "four",
    "fourteen",
    "fifty",
    "screen",
    "blocked",
    "differs",
    "wrongkey",
    "checking",
    "reconnecting",
    "strips",
    "leading",
    "floor",
    "isolated",
    "rehearsal",
    "capped",
    "audio",
  ].map((scene) => ({
    name: `call-${scene}`,
    path: `/dev/gallery/index.html?scene=${scene}`,
    wait: ".tile",
    settle: 900,
  })),
  {
    name: "call-people",
    path: "/dev/gallery/index.html?scene=fourteen",
    wait: ".tile",
    settle: 900,
    act: (page) => button(page, "Personen", "People").click(),
  },
  {
    name: "call-leading-people",
    path: "/dev/gallery/index.html?scene=leading",
    wait: ".tile",
    settle: 900,
    act: (page) => button(page, "Personen", "People").click(),
  },
  {
    name: "call-leading-remove",
    path: "/dev/gallery/index.html?scene=leading",
    wait: ".tile",
    settle: 900,
    act: async (page) => {
      await button(page, "Personen", "People").click();
      await button(page, "Aktionen für Gast Eins", "Actions for Gast Eins").click();
      await page.getByRole("menuitem", { name: /^(Entfernen|Remove)/ }).click();
    },
  },
  {
    name: "call-leading-leave",
    path: "/dev/gallery/index.html?scene=leading",
    wait: ".tile",
    settle: 900,
    act: (page) => button(page, "Verlassen", "Leave").click(),
  },
  {
    name: "call-shield",
    path: "/dev/gallery/index.html?scene=blocked",
    wait: ".tile",
    settle: 900,
    act: (page) => page.locator(".shield").click(),
  },
  {
    name: "call-more",
    path: "/dev/gallery/index.html?scene=two",
    wait: ".tile",
    settle: 900,
    act: (page) => button(page, "Mehr", "More").click(),
  },
  {
    name: "call-shortcuts",
    path: "/dev/gallery/index.html?scene=two",
    wait: ".tile",
    settle: 900,
    act: (page) => page.keyboard.press("?"),
  },
  {
    name: "call-speaker",
    path: "/dev/gallery/index.html?scene=fourteen",
    wait: ".tile",
    settle: 900,
    act: (page) => page.keyboard.press("g"),
  },
].filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)));

await mkdir(folder, { recursive: true });
const server = await createServer({ server: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
await server.listen();
const origin = `http://127.0.0.1:${server.httpServer.address().port}`;
const browser = await chromium.launch({
  executablePath: browserPath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",
  ],
});
let found = 0;
try {
  for (const variant of variants) {
    for (const scene of scenes) {
      const context = await browser.newContext({
        viewport: { width: variant.width, height: variant.height },
        colorScheme: variant.theme,
        locale: variant.language === "de" ? "de-DE" : "en-GB",
        timezoneId: "Europe/Berlin",
        reducedMotion: "reduce",
        permissions: scene.media ? ["camera", "microphone"] : [],
      });
      await context.addCookies(
        Object.entries(scene.cookies ?? {}).map(([name, value]) => ({ name, value, url: origin })),
      );
      await context.addInitScript(
        (entries) => {
          for (const [key, value] of entries) localStorage.setItem(key, value);
        },
        Object.entries(scene.storage ?? {}),
      );
      if (scene.init) await context.addInitScript(scene.init);
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const label = `${scene.name} ${variant.name}`;
      page.on("pageerror", (problem) => {
        found += 1;
        process.stderr.write(`${label}: ${problem.message}\n`);
      });
      await page.goto(origin + scene.path);
      await page
        .locator(scene.wait ?? "h1")
        .first()
        .waitFor();
      if (scene.settle) await page.evaluate((ms) => new Promise((done) => setTimeout(done, ms)), scene.settle);
      if (scene.open) await page.locator(`${scene.open} summary`).click();
      await scene.act?.(page);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: `${folder}/${scene.name}.${variant.name}.png` });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const { id, help, nodes } of violations) {
        found += 1;
        process.stderr.write(
          `${label}: ${id}: ${help}\n${nodes.map((node) => `    ${node.html}\n    ${node.failureSummary}`).join("\n")}\n`,
        );
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
process.stdout.write(`${scenes.length} screens in ${variants.length} variants, ${found} findings\n`);
process.exitCode = found === 0 ? 0 : 1;
