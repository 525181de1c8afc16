import {
  type RemoteTrackPublication,
  type RoomOptions,
  ScreenSharePresets,
  Track,
  VideoPreset,
  VideoPresets,
  VideoQuality,
} from "livekit-client";
import type { Cap } from "../api/portal";

/**
 * The portal's cap on a participant from outside, as src/conclave/bandwidth.py counts it: 360p sends and shows large
 * tiles up to that size, 180p nothing larger, audio no video at all; none of them shares a screen or hears its sound.
 */

/**
 * Asks the browser to mark what it sends: AF41 for "high" video (RFC 8837), as the site marks it; audio is EF by the
 * library's own default. Chromium reads the first layer only, so every layer has the same priority.
 */
const marked = ({ width, height, encoding }: VideoPreset) =>
  new VideoPreset(width, height, encoding.maxBitrate, encoding.maxFramerate, "high");

/** The size the camera captures and the layers that are sent. */
export function publishSettings(cap: Cap): Required<Pick<RoomOptions, "videoCaptureDefaults" | "publishDefaults">> {
  const screenShareEncoding = marked(ScreenSharePresets.h1080fps15).encoding;
  const sent = { videoCodec: "vp8", backupCodec: false, red: false, screenShareEncoding } as const;
  const [h180, h360, h540] = [marked(VideoPresets.h180), marked(VideoPresets.h360), marked(VideoPresets.h540)];
  if (cap === "full")
    return {
      videoCaptureDefaults: { resolution: h540.resolution },
      publishDefaults: { ...sent, simulcast: true, videoEncoding: h540.encoding, videoSimulcastLayers: [h180, h360] },
    };
  if (cap === "360p")
    return {
      videoCaptureDefaults: { resolution: h360.resolution },
      publishDefaults: { ...sent, simulcast: true, videoEncoding: h360.encoding, videoSimulcastLayers: [h180] },
    };
  return {
    videoCaptureDefaults: { resolution: h180.resolution },
    publishDefaults: { ...sent, simulcast: false, videoEncoding: h180.encoding },
  };
}

export const maySend = (cap: Cap) => ({ camera: cap !== "audio", screen: cap === "full" });

/** Whether audio is requested: below a cap voices only, which alone the portal has counted. */
export const mayHear = (cap: Cap, source: Track.Source): boolean =>
  cap === "full" || source !== Track.Source.ScreenShareAudio;

/** Tiles on one page: the portal budgets nine for people outside. */
export const MAX_TILES = 9;

interface Shown {
  kind: "camera" | "screen";
  large: boolean;
  /** Whether somebody shares a screen. */
  shared: boolean;
}

/** Which simulcast layer of a video is requested; undefined: none. */
export function layerOf(cap: Cap, { kind, large, shared }: Shown): VideoQuality | undefined {
  switch (cap) {
    case "full":
      return VideoQuality.HIGH;
    case "360p":
      return kind === "camera" && large ? VideoQuality.MEDIUM : VideoQuality.LOW;
    case "180p":
      return kind === "camera" && shared ? undefined : VideoQuality.LOW;
    case "audio":
      return undefined;
  }
}

/**
 * Subscribes to the video that a cap allows, in the layer it allows; adaptive streaming may request less.
 *
 * @param publications what may be shown at all
 * @param large the one that is shown large
 */
export function applyCap(cap: Cap, publications: readonly RemoteTrackPublication[], large: string | undefined): void {
  if (cap === "full") return;
  const isScreen = ({ source }: RemoteTrackPublication) => source === Track.Source.ScreenShare;
  const shared = publications.some(isScreen);
  for (const publication of publications) {
    if (publication.kind !== Track.Kind.Video) continue;
    const kind = isScreen(publication) ? "screen" : "camera";
    const quality = layerOf(cap, { kind, large: publication.trackSid === large, shared });
    const wanted = quality !== undefined;
    if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
    if (wanted) publication.setVideoQuality(quality);
  }
}
