import { type Participant, Track } from "livekit-client";

/**
 * Whether the SFU takes a source from somebody. The floor, and who may share a screen, are permissions there, and what this
 * client says follows from them. Before the connection stands nothing is known, and nothing is said.
 */
export function mayPublish({ permissions }: Pick<Participant, "permissions">, source: Track.Source): boolean {
  if (!permissions) return true;
  const { canPublish, canPublishSources } = permissions;
  // An empty list means every source.
  return canPublish && (canPublishSources.length === 0 || canPublishSources.includes(Track.sourceToProto(source)));
}

export const maySpeak = (who: Pick<Participant, "permissions">): boolean => mayPublish(who, Track.Source.Microphone);

export const mayFilm = (who: Pick<Participant, "permissions">): boolean => mayPublish(who, Track.Source.Camera);

export const mayShare = (who: Pick<Participant, "permissions">): boolean => mayPublish(who, Track.Source.ScreenShare);
