import { useCallback, useEffect, useState } from "react";

/** What the browser has: a window of the call's own, a video that floats, or nothing. */
export type PipWay = "window" | "video" | undefined;

interface DocumentPictureInPicture {
  requestWindow: (options: { width: number; height: number }) => Promise<Window>;
}
declare global {
  interface Window {
    documentPictureInPicture?: DocumentPictureInPicture;
  }
}

const SIZE = { width: 400, height: 300 };

export const pipWay = (): PipWay =>
  window.documentPictureInPicture ? "window" : document.pictureInPictureEnabled ? "video" : undefined;

/** Gives the window the page's language, theme and style sheets; as links, which the policy allows there too. */
function dress(page: Document): void {
  page.documentElement.lang = document.documentElement.lang;
  const theme = document.documentElement.dataset["theme"];
  if (theme) page.documentElement.dataset["theme"] = theme;
  for (const sheet of document.querySelectorAll("link[rel=stylesheet], style")) {
    const copy = sheet.cloneNode(true) as Element;
    if (sheet instanceof HTMLLinkElement) copy.setAttribute("href", sheet.href);
    page.head.append(copy);
  }
}

export interface Pip {
  way: PipWay;
  open: boolean;
  /** The window of the call's own, to render into. */
  into: Window | undefined;
  failed: boolean;
  toggle: () => Promise<void>;
}

/**
 * Picture-in-picture of the call.
 *
 * @param title the window's; it never names the meeting
 * @param shown the video to float where the browser has no window for it
 */
export function usePip(title: string, shown: () => HTMLVideoElement | null): Pip {
  const [into, setInto] = useState<Window>();
  const [floating, setFloating] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!into) return;
    const gone = () => setInto(undefined);
    into.addEventListener("pagehide", gone);
    return () => {
      into.removeEventListener("pagehide", gone);
      into.close();
    };
  }, [into]);
  useEffect(() => {
    // These two bubble from whichever video it is.
    const changed = () => setFloating(document.pictureInPictureElement !== null);
    document.addEventListener("enterpictureinpicture", changed);
    document.addEventListener("leavepictureinpicture", changed);
    return () => {
      document.removeEventListener("enterpictureinpicture", changed);
      document.removeEventListener("leavepictureinpicture", changed);
    };
  }, []);
  const open = into !== undefined || floating;
  const toggle = useCallback(async () => {
    setFailed(false);
    try {
      if (into) setInto(undefined);
      else if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else if (window.documentPictureInPicture) {
        const opened = await window.documentPictureInPicture.requestWindow(SIZE);
        dress(opened.document);
        opened.document.title = title;
        setInto(opened);
      } else {
        const video = shown();
        if (video) await video.requestPictureInPicture();
        setFailed(!video);
      }
    } catch {
      setFailed(true);
    }
  }, [into, title, shown]);
  return { way: pipWay(), open, into, failed, toggle };
}
