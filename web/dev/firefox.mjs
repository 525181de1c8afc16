/**
 * A guest in Debian's Firefox at a deployed site, driven by WebDriver BiDi: joins with each link that arrives on stdin and
 * leaves when told. One JSON object a line. In: `{"link", "name", "pin", "people", "shows"}` (how many others to wait
 * for, words to wait for), then `{}` to leave; out: what was seen. FIREFOX_PROFILE names a profile that trusts the site's
 * authority.
 */
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

// As in src/conclave/browser/pages.py: a second of video, and more sound than a muted microphone makes.
const FRAMES = 15;
const ENERGY = 1e-5;
// A slow machine with cold caches; each step waits for its own event and goes on at once.
const STEP_MS = 120_000;
const profile = process.env.FIREFOX_PROFILE;

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
  userDataDir: profile,
  timeout: STEP_MS,
  // It does not start where its home belongs to somebody else.
  env: { ...process.env, HOME: profile },
  extraPrefsFirefox: {
    "intl.accept_languages": "en-GB",
    // A camera and a microphone that always answer.
    "media.navigator.streams.fake": true,
    "media.navigator.permission.disabled": true,
    "media.autoplay.default": 0,
  },
});

/** The figures of the call, and the text of the first element that shows these words. */
const glance = (page, words) =>
  page.evaluate(async (wanted) => {
    const shows = (element) =>
      element.children.length === 0 && element.textContent.includes(wanted) && element.checkVisibility();
    const shown = [...document.querySelectorAll(".call *")].find(shows)?.textContent;
    return { figures: await window.conclaveCall?.figures(), shown };
  }, words);

/** How many others are seen and heard, all of it judged to be encrypted. */
function seenAndHeard(tracks) {
  const of = (kind, enough) =>
    tracks
      .filter((track) => track.kind === kind && track.encryption === "encrypted" && enough(track))
      .map(({ identity }) => identity);
  const heard = new Set(of("audio", ({ audioEnergy }) => audioEnergy > ENERGY));
  return of("video", ({ framesDecoded }) => framesDecoded > FRAMES).filter((identity) => heard.has(identity)).length;
}

/** A busy machine encodes, sends and decodes when it gets round to it. */
const MEDIA_MS = 300_000;

/** Resolves once so many others are seen and heard and the words are shown. `most`: what was decoded of each track. */
async function look(page, { people = 0, shows }) {
  const deadline = Date.now() + MEDIA_MS;
  const most = {};
  for (;;) {
    const { figures, shown } = await glance(page, shows);
    const tracks = figures?.tracks ?? [];
    // One that cannot be decrypted is gone from the figures soon after.
    for (const { sid, framesDecoded, samplesDecoded } of tracks)
      most[sid] = Math.max(most[sid] ?? 0, framesDecoded, samplesDecoded);
    const count = seenAndHeard(tracks);
    if (count >= people && shown) return { figures, shown, most: Object.values(most) };
    if (Date.now() > deadline) {
      const found = `sees and hears ${count} of ${people} and ${shown ? "shows" : "does not show"} "${shows}"`;
      throw new Error(`after ${MEDIA_MS / 1000} s Firefox ${found}: ${JSON.stringify(figures)}`);
    }
    // Figures have no event to wait for.
    await new Promise((again) => setTimeout(again, 250));
  }
}

async function join({ link, name, pin }) {
  const page = await browser.newPage();
  page.setDefaultTimeout(STEP_MS);
  await page.evaluateOnNewDocument(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(link);
  await page.locator("::-p-aria([name='Your name'][role='textbox'])").fill(name);
  await page.locator("::-p-aria([name='PIN'][role='textbox'])").fill(pin);
  // Who is quicker than the device check joins without camera and microphone.
  await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2);
  await page.locator("::-p-aria([name='Join meeting'][role='button'])").click();
  await page.waitForSelector(".call");
  return page;
}

const say = (found) => process.stdout.write(`${JSON.stringify(found)}\n`);

try {
  const lines = createInterface({ input: process.stdin });
  const told = lines[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await told.next()).value ?? "null");
  for (let asked = await next(); asked; asked = await next()) {
    const page = await join(asked);
    say({ joined: true });
    say(await look(page, asked));
    await next();
    await page.locator("::-p-aria([name='Leave'][role='button'])").click();
    await page.waitForFunction(() => location.pathname === "/ended");
    // Since the link was opened no page was loaded: whatever broke the policy is in the list.
    const violations = await page.evaluate(() => window.violations);
    say({ end: page.url(), page: await page.$eval("main", (main) => main.textContent), violations });
    await page.close();
  }
} finally {
  await browser.close();
}
