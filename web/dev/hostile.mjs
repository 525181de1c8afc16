/**
 * An SFU that lies, between a browser and the real one: `npm run try:hostile`. Nothing may be sent or shown in clear, and
 * nothing called encrypted that is not. Needs what `sfu.mjs` needs.
 */
import assert from "node:assert/strict";
import { Encryption_Type, LeaveRequest, LeaveRequest_Action, SignalResponse } from "@livekit/protocol";
import { answers, close, figures, folder, guest, plainClient, rightKey, until } from "./sfu.mjs";

/** Opens a page whose signalling answers pass through `spoil`; `say` sends one of its own. */
function lies(spoil) {
  let browserSide;
  return {
    prepare: (page) =>
      page.routeWebSocket(/\/rtc/, (socket) => {
        const sfu = socket.connectToServer();
        browserSide = socket;
        socket.onMessage((message) => sfu.send(message));
        sfu.onMessage((message) => {
          const response = SignalResponse.fromBinary(message);
          spoil(response.message);
          socket.send(Buffer.from(response.toBinary()));
        });
      }),
    say: (message) => browserSide.send(Buffer.from(new SignalResponse({ message }).toBinary())),
  };
}

const rename = (message) => {
  if (message.case === "join") message.value.participant.identity = "somebody-else";
};

/** What the SFU's own client receives of others; ciphertext decodes to nothing, or to noise for audio. */
const received = (page) =>
  page.evaluate(async () => {
    const tracks = [...window.room.remoteParticipants.values()].flatMap((person) =>
      [...person.trackPublications.values()].map(({ track }) => ({ track, identity: person.identity })),
    );
    const reports = await Promise.all(
      tracks.map(async ({ track, identity }) => ({ identity, report: await track?.receiver?.getStats() })),
    );
    return reports.flatMap(({ identity, report }) =>
      [...(report?.values() ?? [])]
        .filter((entry) => entry.type === "inbound-rtp")
        .map((entry) => ({
          identity,
          kind: entry.kind,
          packets: entry.packetsReceived,
          frames: entry.framesDecoded ?? 0,
        })),
    );
  });

try {
  await answers();
  const renamed = await guest("Umbenannt", rightKey, { ...lies(rename), refused: true });
  await renamed.getByText("The media server is not behaving as it should").waitFor();
  await renamed.screenshot({ path: `${folder}/hostile-renamed.png` });
  await renamed.context().close();

  // A restart under another identity, while the SFU listens.
  const listener = await plainClient("Mithörer");
  let restarted = false;
  const liar = lies((message) => restarted && rename(message));
  const victim = await guest("Opfer", rightKey, liar);
  await until("the SFU receives what is encrypted", async () =>
    (await received(listener)).some((of) => of.packets > 50),
  );
  const before = new Set((await received(listener)).map(({ identity }) => identity));
  restarted = true;
  liar.say({ case: "leave", value: new LeaveRequest({ action: LeaveRequest_Action.RECONNECT }) });
  await victim
    .getByText(/Rejoining the meeting|not behaving as it should/)
    .first()
    .waitFor();
  await victim.getByText("The media server is not behaving as it should").waitFor();
  const after = (await received(listener)).filter(({ identity }) => !before.has(identity));
  assert(
    after.every(({ packets, frames }) => packets === 0 && frames === 0),
    `sent after a restart: ${JSON.stringify(after)}`,
  );
  await victim.screenshot({ path: `${folder}/hostile-restarted.png` });
  await victim.context().close();

  // Media in clear that is signalled as encrypted, as it is and without a MIME type.
  await listener.evaluate(() => window.room.localParticipant.enableCameraAndMicrophone());
  for (const mimeType of [undefined, ""]) {
    const spoil = (person) => {
      for (const track of person.tracks) {
        track.encryption = Encryption_Type.GCM;
        if (mimeType !== undefined) for (const part of [track, ...track.codecs]) part.mimeType = mimeType;
      }
    };
    const reader = await guest(
      "Leserin",
      rightKey,
      lies((message) => {
        if (message.case === "join") message.value.otherParticipants.forEach(spoil);
        if (message.case === "update") message.value.participants.forEach(spoil);
      }),
    );
    await reader.getByText("Some media is blocked").waitFor();
    const { tracks, people } = await figures(reader);
    assert(
      tracks.every(
        ({ encryption, framesDecoded, audioEnergy }) => encryption !== "encrypted" && !framesDecoded && !audioEnergy,
      ),
      JSON.stringify(tracks),
    );
    assert(people.every(({ self, encryption }) => self || encryption !== "encrypted"));
    await reader.screenshot({ path: `${folder}/hostile-clear-${mimeType === "" ? "without" : "with"}-type.png` });
    await reader.context().close();
  }
  process.stdout.write(
    "renamed, restarted and fed media in clear: nothing was sent or shown, nothing called encrypted\n",
  );
} finally {
  await close();
}
