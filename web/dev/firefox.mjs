/**
 * A guest in Debian's Firefox at a deployed site, driven by WebDriver BiDi: joins with each link that arrives on stdin
 * and leaves when told. One JSON object a line. In: `{"link", "name", "pin", "people", "shows"}` (how many others to
 * wait for, words to wait for; `refuse`: the error with which the browser refuses camera and microphone), or
 * `{"again": true}` in place of link, name and PIN to join from the page that follows a call; any number of further
 * looks, `{"shows", "sources"}` (kinds of tracks to wait for); `{}` to leave. Out: what was seen. FIREFOX_PROFILE names a
 * profile that trusts the site's authority.
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

/** The figures of the call, the text of the first element that shows these words, and the alarms shown. */
const glance = (page, words) =>
  page.evaluate(async (wanted) => {
    const shows = (element) =>
      element.children.length === 0 && element.textContent.includes(wanted) && element.checkVisibility();
    const shown = [...document.querySelectorAll(".call *")].find(shows)?.textContent;
    const alarms = [...document.querySelectorAll("[role=alert]")].map((element) => element.textContent);
    return { figures: await window.conclaveCall?.figures(), shown, alarms };
  }, words);

/** Whether a track is judged to be encrypted, and enough of it was decoded. */
const arrives = ({ kind, encryption, framesDecoded, audioEnergy }) =>
  encryption === "encrypted" && (kind === "video" ? framesDecoded > FRAMES : audioEnergy > ENERGY);

/** How many others are seen and heard. */
function seenAndHeard(tracks) {
  const of = (wanted) =>
    tracks.filter((track) => track.source === wanted && arrives(track)).map(({ identity }) => identity);
  const heard = new Set(of("microphone"));
  return of("camera").filter((identity) => heard.has(identity)).length;
}

/** A busy machine encodes, sends and decodes when it gets round to it. */
const MEDIA_MS = 300_000;

/**
 * Resolves once so many others are seen and heard, something of each of these sources arrives and the words are shown.
 * `most`: what was decoded of each track; `alarms`: all that were shown meanwhile.
 */
async function look(page, { people = 0, sources = [], shows }) {
  const deadline = Date.now() + MEDIA_MS;
  const most = {};
  const alarms = new Set();
  for (;;) {
    const { figures, shown, ...now } = await glance(page, shows);
    for (const alarm of now.alarms) alarms.add(alarm);
    const tracks = figures?.tracks ?? [];
    // One that cannot be decrypted is gone from the figures soon after.
    for (const { sid, framesDecoded, samplesDecoded } of tracks)
      most[sid] = Math.max(most[sid] ?? 0, framesDecoded, samplesDecoded);
    const count = seenAndHeard(tracks);
    const missing = sources.filter((source) => !tracks.some((track) => track.source === source && arrives(track)));
    if (count >= people && missing.length === 0 && shown)
      return { figures, shown, most: Object.values(most), alarms: [...alarms] };
    if (Date.now() > deadline) {
      const said = `${shown ? "shows" : "does not show"} "${shows}"`;
      const found = `sees and hears ${count} of ${people}, lacks [${missing}] and ${said}`;
      throw new Error(`after ${MEDIA_MS / 1000} s Firefox ${found}: ${JSON.stringify(figures)}`);
    }
    // Figures have no event to wait for.
    await new Promise((again) => setTimeout(again, 250));
  }
}

/** A browser that refuses both devices, or has none: its own prompt is out of a driver's reach. */
const refuseDevices = (error) => {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("as the test wants it", error);
  };
};

async function open({ link, name, pin, refuse }) {
  const page = await browser.newPage();
  page.setDefaultTimeout(STEP_MS);
  await page.evaluateOnNewDocument(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  if (refuse) await page.evaluateOnNewDocument(refuseDevices, refuse);
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(link);
  await page.locator("::-p-aria([name='Your name'][role='textbox'])").fill(name);
  await page.locator("::-p-aria([name='PIN'][role='textbox'])").fill(pin);
  return page;
}

async function join(page, { refuse }) {
  // Who is quicker than the device check joins without camera and microphone.
  if (refuse) await page.waitForFunction(() => document.body.textContent.includes("Camera and microphone are blocked"));
  else await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2);
  await page.locator("::-p-aria([name='Join meeting'][role='button'])").click();
  await page.waitForSelector(".call");
}

const say = (found) => process.stdout.write(`${JSON.stringify(found)}\n`);

try {
  const lines = createInterface({ input: process.stdin });
  const input = lines[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await input.next()).value ?? "null");
  let page;
  for (let asked = await next(); asked; asked = await next()) {
    if (asked.again) await page.locator("::-p-aria([name='Join again'])").click();
    else {
      await page?.close();
      page = await open(asked);
    }
    await join(page, asked);
    say({ joined: true });
    say(await look(page, asked));
    for (let told = await next(); told?.shows; told = await next()) say(await look(page, told));
    await page.locator("::-p-aria([name='Leave'][role='button'])").click();
    await page.waitForFunction(() => location.pathname === "/ended");
    // Since the link was opened no page was loaded: whatever broke the policy is in the list.
    const violations = await page.evaluate(() => window.violations);
    say({ end: page.url(), page: await page.$eval("main", (main) => main.textContent), violations });
  }
} finally {
  await browser.close();
}
