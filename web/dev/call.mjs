/**
 * Holds a call between browsers over a real SFU and checks what each of them sees: `npm run try:call`. Needs python3, and
 * what `sfu.mjs` needs.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  answers,
  breakSfu,
  browser,
  close,
  figures,
  folder,
  guest,
  ID,
  key,
  origin,
  plainClient,
  restartSfu,
  rightKey,
  said,
  secret,
  signal,
  until,
} from "./sfu.mjs";

const wrongKey = randomBytes(32).toString("base64url");

/** The portal's program, as an operator's switch runs it. */
async function switchMode(mode) {
  await writeFile(
    `${folder}/portal.toml`,
    `[mode]\nannouncement = "${folder}/announced.json"\n[livekit]\nservers = ["http://127.0.0.1:${signal}"]\nkey = "${key}"\nsecret = "${secret}"\n`,
    { mode: 0o600 },
  );
  const program = ["-S", "-m", "mode_switch", mode, "--reason", "try", "--config", `${folder}/portal.toml`];
  const PYTHONPATH = fileURLToPath(new URL("../../portal", import.meta.url));
  // Its entry in the audit log has no place here.
  const { stdout } = await promisify(execFile)("python3", program, { env: { PYTHONPATH, PATH: "/usr/bin" } });
  return JSON.parse(stdout);
}

const identityOf = async (page) => {
  if (!(await page.evaluate(() => "conclaveCall" in window))) return undefined;
  return (await figures(page)).people.find((person) => person.self)?.identity;
};
const decodes = async (page) => {
  const { tracks } = await figures(page);
  return tracks.some((track) => track.kind === "video" && track.framesDecoded > 15) &&
    tracks.some((track) => track.kind === "audio" && track.encryption === "encrypted" && track.audioEnergy > 0.0001)
    ? tracks
    : undefined;
};

try {
  await answers();
  const one = await guest("Gast Eins", rightKey);
  assert.equal(new URL(one.url()).hash, "", "the key stays in the address bar");
  await one.screenshot({ path: `${folder}/live-alone.png` });
  const two = await guest("Gast Zwei", rightKey);
  await until(
    "one decodes two",
    () => decodes(one),
    60,
    async () => JSON.stringify([await figures(one), await two.locator("header").textContent()]),
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
  await stranger.getByText("The key in your link does not match").waitFor();
  await stranger.screenshot({ path: `${folder}/live-wrong-key.png` });
  const strange = await figures(stranger);
  process.stdout.write(`${JSON.stringify(strange.tracks)}\n`);
  assert(strange.tracks.every((track) => track.framesDecoded === 0 && track.samplesDecoded === 0));
  await until("one says whose key differs", async () =>
    (await figures(one)).people.some((person) => person.encryption === "keyMismatch"),
  );
  await one.screenshot({ path: `${folder}/live-one-differs.png` });
  await stranger.getByRole("button", { name: "Leave", exact: true }).first().click();
  await stranger.getByText("You have left the meeting").waitFor();
  assert.equal(new URL(stranger.url()).pathname, "/ended");
  assert.equal(await stranger.evaluate(() => sessionStorage.length), 0, "a key was left behind");
  assert.equal(await stranger.evaluate(() => typeof window.conclaveCall), "undefined");

  // The site is isolated: everybody in the room sees it at once, somebody outside is told why the call has ended.
  const outside = await guest("Gast von Außen", rightKey);
  await until("one sees somebody outside", async () => (await figures(one)).people.length === 3);
  await Promise.all(
    [one, two].map((page) => page.context().addCookies([{ name: "scene", value: "isolated", url: origin }])),
  );
  const switched = Date.now();
  const told = await switchMode("isolated");
  assert.deepEqual([told.told, told.removed, told.failed], [3, 1, []], JSON.stringify(told));
  await Promise.all([one, two].map((page) => page.getByText(/^Isolated since/).waitFor()));
  await outside.getByText("The site was isolated").waitFor();
  await one.getByText("because they were outside this site: Gast von Außen").waitFor();
  process.stdout.write(`told and sent out in ${told.seconds} s, seen by all in ${(Date.now() - switched) / 1000} s\n`);
  await one.screenshot({ path: `${folder}/live-isolated.png` });
  await outside.screenshot({ path: `${folder}/live-isolated-outside.png` });
  assert(await until("one still decodes two", () => decodes(one)));

  // The SFU breaks down. Its clients do not come back with the ticket they have, but request another.
  const before = await Promise.all([one, two].map(identityOf));
  breakSfu();
  // A resumption fails at once, and what follows is another participation: the figures of this one may be gone already.
  await until("one has noticed", () =>
    one.evaluate(async () => (await window.conclaveCall?.figures())?.phase !== "connected"),
  );
  restartSfu();
  const broken = Date.now();
  await until("both are back under another name", async () => {
    const now = await Promise.all([one, two].map(identityOf));
    return now.every((identity, at) => identity && identity !== before[at]);
  });
  await until("one decodes two again", () => decodes(one));
  await until("two decodes one again", () => decodes(two));
  process.stdout.write(`back after ${(Date.now() - broken) / 1000} s\n`);
  await one.screenshot({ path: `${folder}/live-back.png` });

  const clear = await plainClient("Gast Klartext");
  await clear.evaluate(async () => {
    await window.room.localParticipant.enableCameraAndMicrophone();
    await window.room.localParticipant.publishData(new TextEncoder().encode("in clear"), { reliable: true });
  });
  await one.getByText("Unencrypted media blocked").waitFor();
  const refused = await until("both tracks are refused", async () => {
    const seen = await figures(one);
    return seen.refused.length === 2 && seen;
  });
  assert(refused.tracks.every((track) => track.encryption !== "refused"));
  await one.screenshot({ path: `${folder}/live-blocked.png` });
  await two.close();
  await until("one sees two go", async () => (await figures(one)).people.length === 2);

  // The organiser comes from the list of meetings, and goes back to it: a call that nobody sees must not go on.
  const member = await browser.newContext({ locale: "en-GB" });
  await member.addCookies([{ name: "standin", value: "organiser", url: origin }]);
  const organiser = await member.newPage();
  organiser.setDefaultTimeout(60_000);
  await organiser.goto(`${origin}/`);
  await organiser.evaluate(([name, value]) => localStorage.setItem(name, value), [`conclave.key.${ID}`, rightKey]);
  await organiser.reload();
  await organiser.locator(`a[href="/m/${ID}"]`).click();
  await organiser.getByRole("button", { name: "Join meeting" }).click();
  await organiser.locator(".call").waitFor();
  await until("one sees the organiser", async () => (await figures(one)).people.length === 3);
  await organiser.goBack();
  await organiser.getByRole("heading", { name: "My meetings" }).waitFor();
  await until("the organiser has left", () => organiser.evaluate(() => !("conclaveCall" in window)), 10);
  await until("one sees the organiser go", async () => (await figures(one)).people.length === 2);
  await one.reload();
  await one.locator("h1").waitFor();
  await one.screenshot({ path: `${folder}/live-reload.png` });
  await one.getByRole("button", { name: "Join meeting" }).waitFor();
  process.stdout.write(
    "two see and hear each other, a wrong key sees nothing, all see a switch, a crash is survived, clear media is refused, going back leaves the call, a reload keeps the key\n",
  );
} finally {
  await close();
}
const leaks = said.filter((line) => [rightKey, wrongKey, "12345678", secret].some((word) => line.includes(word)));
assert.deepEqual(leaks, [], "a secret reached the console");
assert(!said.some((line) => line.includes("Content Security Policy")), "the policy was violated");
